using InstaGrpc.Load.Reports;

namespace InstaGrpc.Load.Faults;

/// <summary>Whether a mesh is well again, by the seconds of a run. It is not in one in which a call failed, or none was answered, or memcached or the counts were
/// a second behind.</summary>
internal static class Recovery
{
    /// <summary>Good seconds after which it is believed.</summary>
    private const int WellFor = 3;

    private const double SlowMs = 1000;

    /// <summary>Whether as much was run as was asked for, and the mesh is well again: no need to go on.</summary>
    /// <param name="timeline">So far.</param>
    /// <param name="returnedAt">When the part was there again; 0: not yet.</param>
    /// <param name="asked">Seconds that the run shall last at least.</param>
    public static bool IsOver(IReadOnlyList<RunSecond> timeline, double returnedAt, double asked) =>
        returnedAt > 0 && timeline.Count >= asked && timeline.Count(second => second.Second > returnedAt) >= WellFor && !timeline.TakeLast(WellFor).Any(IsBad);

    /// <param name="timeline">The whole run.</param>
    /// <param name="returnedAt">When the part was there again; 0: never.</param>
    /// <param name="seconds">How long the load lasted; what came later is the end of what was under way.</param>
    /// <returns>Seconds from the return to the end of the last bad second; null: the run ended with a bad one.</returns>
    public static double? After(IReadOnlyList<RunSecond> timeline, double returnedAt, double seconds)
    {
        var after = timeline.Where(second => second.Second + 1 <= seconds && second.Second + 1 > returnedAt).ToList();
        var bad = after.FindLastIndex(IsBad);
        return returnedAt == 0 || after.Count == 0 || bad == after.Count - 1 ? null : bad < 0 ? 0 : after[bad].Second + 1 - returnedAt;
    }

    private static bool IsBad(RunSecond second) =>
        second.Errors > 0 || second is { Ok: 0, InFlight: > 0 } || second.LagMs > SlowMs || second.CountsLagMs > SlowMs;
}
