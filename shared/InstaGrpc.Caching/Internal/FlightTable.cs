using System.Collections.Concurrent;

namespace InstaGrpc.Caching.Internal;

/// <summary>The flights and the polls of this process, by key.</summary>
internal sealed class FlightTable
{
    private readonly ConcurrentDictionary<EntryName, Flight> _flights = new();
    private readonly ConcurrentDictionary<EntryName, LeasePoll> _polls = new();

    public int Count => _flights.Count;

    /// <summary>Adds a flight. One of an earlier lease of the key, whose handler still runs, is not found any more: nobody may join it now.</summary>
    public void Add(Flight flight) => _flights[flight.Name] = flight;

    public void Remove(Flight flight) => _flights.TryRemove(KeyValuePair.Create(flight.Name, flight));

    public Flight? Find(in EntryName name, ulong cas) => _flights.TryGetValue(name, out var flight) && flight.Cas == cas ? flight : null;

    /// <summary>Joins the key's poll.</summary>
    public PollWaiter Join(in EntryName name, CacheRuntime runtime, WatermarkSlot slot, int leaseSeconds)
    {
        while (true)
        {
            if (!_polls.TryGetValue(name, out var poll))
            {
                poll = new LeasePoll(name, slot.Server, leaseSeconds, runtime);
                if (!_polls.TryAdd(name, poll))
                {
                    continue;
                }

                var waiter = poll.TryJoin()!;
                runtime.Background.Run(static poll => poll.RunAsync(), poll);
                return waiter;
            }

            if (poll.TryJoin() is { } joined)
            {
                return joined;
            }

            // It has ended for want of waiters: make another.
            _polls.TryRemove(KeyValuePair.Create(name, poll));
        }
    }

    public void Remove(LeasePoll poll) => _polls.TryRemove(KeyValuePair.Create(poll.Name, poll));
}
