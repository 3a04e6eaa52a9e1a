namespace InstaGrpc.Mesh.Ops;

/// <summary>
/// What operators look at first: processes, caches, change streams, methods. Counters since the start of each process; whoever shows rates makes
/// them by subtraction.
/// </summary>
/// <param name="At">When it was made.</param>
/// <param name="Processes">Those that are known.</param>
/// <param name="Caches">Answers of cached methods, by where they came from; summed over the processes.</param>
/// <param name="Streams">A line for each node.</param>
/// <param name="Methods">Calls that were served; summed over the processes.</param>
public sealed record OpsState(
    DateTimeOffset At, IReadOnlyList<OpsProcess> Processes, IReadOnlyList<OpsCache> Caches, IReadOnlyList<OpsStream> Streams,
    IReadOnlyList<OpsMethod> Methods)
{
    /// <summary>Several processes' as one.</summary>
    public static OpsState Sum(IReadOnlyCollection<OpsState> states) => new(
        states.Select(static state => state.At).DefaultIfEmpty().Max(),
        [.. states.SelectMany(static state => state.Processes)],
        [.. states.SelectMany(static state => state.Caches).GroupBy(static cache => cache.Method).Select(static group => group.Aggregate(OpsCache.Sum))],
        [.. states.SelectMany(static state => state.Streams).GroupBy(static stream => stream.Node).Select(static group => group.Aggregate(OpsStream.Sum))],
        [.. states.SelectMany(static state => state.Methods).GroupBy(static one => one.Method).Select(static group => group.Aggregate(OpsMethod.Sum))]);
}
