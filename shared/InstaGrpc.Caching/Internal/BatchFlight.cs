using System.Collections.Concurrent;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>One handler run for the missing items of a batch: those whose lease was won, each of them a flight that others may join, and those that can't be
/// cached now.</summary>
internal sealed class BatchFlight(
    CachedMethod method, NodeState node, List<(int Item, WonLease Lease)> leases, List<int> uncached, ReadConditions conditions, IBatchRun run, long began)
{
    private readonly TaskCompletionSource<IReadOnlyDictionary<int, HandlerAnswer>> _answers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<FlightEnd> _ends = new();
    private readonly TimeProvider _time = node.Runtime.Time;
    private readonly TimeSpan _whole = Longest(conditions.Flight(method), conditions.Whole(method));

    /// <summary>By the items' numbers. Done after the fills were answered.</summary>
    public Task<IReadOnlyDictionary<int, HandlerAnswer>> Answers => _answers.Task;

    private TimeSpan Left => (leases.Count > 0 ? _whole : conditions.Whole(method)) - _time.GetElapsedTime(began);

    public async Task FlyAsync()
    {
        using var limit = new CancellationTokenSource(Left > TimeSpan.Zero ? Left : TimeSpan.Zero, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, node.Runtime.Background.Stopping);
        var held = leases.ToDictionary(static pair => pair.Item, static pair => pair.Lease);
        WonLease[] won = [.. held.Values];
        var activity = CacheTracing.BeginRefill(won, await CacheTracing.CausesAsync(won).ConfigureAwait(false));
        try
        {
            foreach (var (_, lease) in leases)
            {
                method.Counters.LeaseWon();
            }

            var fence = await FenceAsync(held).ConfigureAwait(false);
            var answers = await RunAsync(fence, held, either.Token).ConfigureAwait(false);
            _answers.SetResult(answers);
        }
        catch (Exception e)
        {
            var end = FlightEnd.Of(e, limit.Token);
            foreach (var lease in held.Values)
            {
                await Refiller.GiveBackAsync(lease).ConfigureAwait(false);
                End(lease, end);
            }

            _answers.SetException(end.Failure ?? UncachedRun.Overdue(method));

            // Who started it may be gone.
            _ = _answers.Task.Exception;
        }

        CacheTracing.End(activity, _ends);
    }

    /// <summary>Where no lease was won: the caller's own run.</summary>
    public async ValueTask<IReadOnlyDictionary<int, HandlerAnswer>> RunUncachedAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Left > TimeSpan.Zero ? Left : TimeSpan.Zero, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await RunAsync(null, [], either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw UncachedRun.Overdue(method);
        }
    }

    /// <summary>The highest of the servers' fences, each read after its leases; one read of the database serves them all.</summary>
    private async ValueTask<ReplayPosition?> FenceAsync(Dictionary<int, WonLease> held)
    {
        var slots = held.Values.GroupBy(static lease => lease.Entry.Slot)
            .Select(static group => (Leases: group.ToArray(), Fence: Refiller.ReadFenceAsync(group.Key, group.First().Generation).AsTask())).ToArray();
        ReplayPosition? highest = null;
        foreach (var (group, reading) in slots)
        {
            var (fence, reason) = await reading.ConfigureAwait(false);
            if (reason == UncachedReason.None)
            {
                highest = highest is { } other && other > fence ? other : fence;
                continue;
            }

            foreach (var lease in group)
            {
                held.Remove(held.First(pair => ReferenceEquals(pair.Value, lease)).Key);
                End(lease, FlightEnd.Abandoned(reason));
            }
        }

        foreach (var lease in held.Values)
        {
            lease.Flight.SetFence(highest!.Value);
        }

        return highest;
    }

    private async ValueTask<IReadOnlyDictionary<int, HandlerAnswer>> RunAsync(
        ReplayPosition? fence, Dictionary<int, WonLease> held, CancellationToken cancellation)
    {
        var admitted = conditions.Within is not null;
        if (!admitted)
        {
            await node.Admission.EnterAsync(conditions.Priority, Left, cancellation).ConfigureAwait(false);
        }

        int[] wanted = [.. leases.Select(static pair => pair.Item).Concat(uncached).Order()];
        IReadOnlyList<HandlerAnswer> found;
        DateTime filledAt;
        try
        {
            if (!node.Runtime.Clock.TryGetNow(node.Name, out filledAt))
            {
                foreach (var lease in held.Values)
                {
                    await Refiller.GiveBackAsync(lease).ConfigureAwait(false);
                    End(lease, FlightEnd.Abandoned(UncachedReason.NoClock));
                }

                held.Clear();
            }

            foreach (var lease in held.Values)
            {
                lease.Flight.HandlerStarts();
            }

            var context = new HandlerRunContext(
                method, node.Name, fence, EntryRead.TokenOf(conditions), Left, method.Policy.VaryByCaller ? conditions.CallerId : null);
            method.Counters.HandlerRun();
            found = await run.RunAsync(context, wanted, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (!admitted)
            {
                node.Admission.Leave();
            }
        }

        if (found.Count != wanted.Length)
        {
            throw new InvalidOperationException($"A batch's handler run gave {found.Count} answers for {wanted.Length} items.");
        }

        var answers = new Dictionary<int, HandlerAnswer>(wanted.Length);
        var fills = new List<Task>();
        for (var i = 0; i < wanted.Length; i++)
        {
            answers[wanted[i]] = found[i];
            if (held.TryGetValue(wanted[i], out var lease))
            {
                fills.Add(FillAsync(lease, found[i]));
            }
        }

        await Task.WhenAll(fills).ConfigureAwait(false);
        return answers;

        async Task FillAsync(WonLease lease, HandlerAnswer answer) =>
            End(lease, await Refiller.FillAsync(lease, answer, fence!.Value, filledAt).ConfigureAwait(false));
    }

    private static TimeSpan Longest(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void End(WonLease lease, FlightEnd end)
    {
        _ends.Enqueue(end);
        node.Runtime.Flights.Remove(lease.Flight);
        lease.Flight.Complete(end);
    }
}
