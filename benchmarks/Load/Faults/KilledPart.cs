using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Faults;

/// <summary>Kills a part of a mesh in the middle of a run, and lets it come back.</summary>
internal sealed class KilledPart(OwnMesh mesh, string part, TimeSpan duration)
{
    /// <summary>The goal: so long after the part is back, the mesh has recovered.</summary>
    public static readonly TimeSpan RecoveryGoal = TimeSpan.FromSeconds(10);

    /// <summary>So much longer than asked for the run goes on, at most, until the mesh is well again.</summary>
    public static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan _longestAway = TimeSpan.FromSeconds(5);

    private double _killedAt;
    private double _returnedAt;

    /// <param name="elapsed">Since the run began.</param>
    /// <param name="say">Told what happens.</param>
    /// <param name="ct">The run was broken off.</param>
    public async Task RunAsync(Func<TimeSpan> elapsed, Action<string> say, CancellationToken ct)
    {
        await Task.Delay(duration / 4, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ct.IsCancellationRequested) return;
        _killedAt = elapsed().TotalSeconds;
        say($"{part} is killed");
        await mesh.KillAsync(part).ConfigureAwait(false);
        await Task.Delay(duration / 8 < _longestAway ? duration / 8 : _longestAway, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Also when the run was broken off meanwhile: what was written is compared with the whole mesh.
        await mesh.ReturnAsync(part, CancellationToken.None).ConfigureAwait(false);
        _returnedAt = elapsed().TotalSeconds;
        say($"{part} is back");
    }

    /// <summary>Whether the run need not go on.</summary>
    public bool IsOver(IReadOnlyList<RunSecond> timeline) => Recovery.IsOver(timeline, _returnedAt, duration.TotalSeconds);

    /// <param name="timeline">The run.</param>
    /// <param name="seconds">How long it lasted.</param>
    public Outage Outcome(IReadOnlyList<RunSecond> timeline, double seconds) =>
        new(part, _killedAt, _returnedAt, Recovery.After(timeline, _returnedAt, seconds));
}
