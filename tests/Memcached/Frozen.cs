using InstaGrpc.Embedded;

namespace InstaGrpc.Memcached.Tests;

internal static class Frozen
{
    /// <summary>Freezes a server and waits until none of its threads runs any more: the signal's sender does not wait for that.</summary>
    public static async Task FreezeAsync(this EmbeddedMemcached process)
    {
        process.Freeze();
        await Eventually.TrueAsync(() => Directory.GetDirectories($"/proc/{process.ProcessId}/task").All(IsStopped));
    }

    // "pid (name) state …"
    private static bool IsStopped(string thread) => File.ReadAllText($"{thread}/stat").Split(") ")[^1][0] == 'T';
}
