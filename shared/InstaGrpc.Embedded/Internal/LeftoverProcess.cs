namespace InstaGrpc.Embedded.Internal;

/// <summary>A process that an earlier, killed run has left.</summary>
internal static class LeftoverProcess
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(20);

    /// <summary>Sends each signal in turn, as long as it still is the same process, and waits its time for the end.</summary>
    public static async Task<bool> StopAsync(ProcessIdentity process, CancellationToken ct, params (Signal Signal, TimeSpan Limit)[] steps)
    {
        foreach (var (signal, limit) in steps)
        {
            var until = Environment.TickCount64 + (long)limit.TotalMilliseconds;
            if (!process.IsAlive) return true;
            Native.Send(process.Pid, signal);
            while (process.IsAlive && Environment.TickCount64 < until) await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
        return !process.IsAlive;
    }
}
