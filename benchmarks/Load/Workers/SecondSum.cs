using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Workers;

/// <summary>Sums the workers' seconds; a second is told when all have told it, in order.</summary>
internal sealed class SecondSum(int workers, Func<WorkerSecond, Task> onSecond)
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<int, List<WorkerSecond>> _told = [];

    public async Task AddAsync(WorkerSecond second)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            var at = second.Interval.Second;
            if (!_told.TryGetValue(at, out var told)) _told[at] = told = [];
            told.Add(second);
            if (told.Count == workers && _told.Remove(at)) await onSecond(Sum(told)).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Seconds that not all workers told: one was done a little later than the others.</summary>
    public async Task EndAsync()
    {
        foreach (var (_, told) in _told.OrderBy(static pair => pair.Key)) await onSecond(Sum(told)).ConfigureAwait(false);
    }

    private static WorkerSecond Sum(List<WorkerSecond> told)
    {
        var intervals = told.Select(static one => one.Interval).ToList();
        return new WorkerSecond(
            new Interval(
                intervals[0].Second, [.. intervals.SelectMany(static one => one.Steps)], intervals.Sum(static one => one.InFlight),
                intervals.Max(static one => one.LateMicroseconds), intervals.Sum(static one => one.LateOver5Ms), intervals.Sum(static one => one.Begun),
                intervals.Sum(static one => one.Cores)),
            told.Max(static one => one.LagMs), told.Max(static one => one.CountsLagMs), told.Sum(static one => one.Violations));
    }
}
