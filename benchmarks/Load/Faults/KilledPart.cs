using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Faults;

/// <summary>Kills a part of a mesh in the middle of a run, and lets it come back.</summary>
internal sealed class KilledPart(OwnMesh mesh, string part, TimeSpan duration)
{
    /// <summary>The goal: so long after the part is back, the mesh has recovered.</summary>
    public static readonly TimeSpan RecoveryGoal = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan _longestAway = TimeSpan.FromSeconds(5);
    private const double SlowMs = 1000;

    private double _killedAt;
    private double _returnedAt;

    /// <param name="elapsed">Since the run began.</param>
    /// <param name="say">Told what happens.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync(Func<TimeSpan> elapsed, Action<string> say, CancellationToken ct)
    {
        await Task.Delay(duration / 4, ct).ConfigureAwait(false);
        _killedAt = elapsed().TotalSeconds;
        say($"{part} is killed");
        await mesh.KillAsync(part).ConfigureAwait(false);
        await Task.Delay(duration / 8 < _longestAway ? duration / 8 : _longestAway, ct).ConfigureAwait(false);
        await mesh.ReturnAsync(part, ct).ConfigureAwait(false);
        _returnedAt = elapsed().TotalSeconds;
        say($"{part} is back");
    }

    /// <summary>The mesh has recovered after the last second in which a call failed, or memcached or the counts were a second behind.</summary>
    public Outage Outcome(IReadOnlyList<RunSecond> timeline)
    {
        var after = timeline.Where(second => second.Second < duration.TotalSeconds && second.Second + 1 > _returnedAt).ToList();
        var bad = after.FindLastIndex(static second => second.Errors > 0 || second.LagMs > SlowMs || second.CountsLagMs > SlowMs);
        double? recovered = after.Count == 0 || bad == after.Count - 1 ? null : bad < 0 ? 0 : after[bad].Second + 1 - _returnedAt;
        return new Outage(part, _killedAt, _returnedAt, recovered);
    }
}
