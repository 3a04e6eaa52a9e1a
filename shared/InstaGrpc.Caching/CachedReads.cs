using Google.Protobuf;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Reads through the cache, as the cache protocol's "Reading" says. One for each process.</summary>
public sealed class CachedReads : IAsyncDisposable
{
    /// <summary>Makes the reader.</summary>
    /// <param name="pool">The region's servers; null: every read is uncached, under the admission limit.</param>
    /// <param name="clock">PostgreSQL's clock.</param>
    /// <param name="numbers">Which contracts are announced.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The process's monotonic clock; null: the system's.</param>
    public CachedReads(MemcachedPool? pool, INodeClock clock, IContractNumbers numbers, CacheOptions options, TimeProvider? time = null) =>
        throw new NotImplementedException();

    /// <summary>The method of a contract that declares a cache; the same object each time.</summary>
    public CachedMethod For(MethodContract contract) => throw new NotImplementedException();

    /// <summary>Answers one request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="node">The node that its shard key, or its service, names.</param>
    /// <param name="request">The request.</param>
    /// <param name="conditions">What this caller asks beyond the contract.</param>
    /// <param name="run">Runs the handler, now or later, for this caller or for others.</param>
    /// <param name="cancellation">Ends this caller's waiting, not a run that was begun under a lease.</param>
    /// <exception cref="AdmissionRefusedException">The node has all the runs that it may have.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    /// <exception cref="Exception">Whatever the handler threw.</exception>
    public ValueTask<CacheAnswer> GetAsync(
        CachedMethod method, NodeName node, IMessage request, in ReadConditions conditions, IHandlerRun run,
        CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Answers a batch on one node: one multi-get a server, one handler run for what is missing, each item filled under its own lease.</summary>
    /// <param name="method">The items' method.</param>
    /// <param name="node">The node of all items.</param>
    /// <param name="items">The items' keys.</param>
    /// <param name="conditions">As for one request.</param>
    /// <param name="run">Runs the batch's handler for some of the items.</param>
    /// <param name="cancellation">As for one request.</param>
    /// <returns>One answer for each item, in their order; items that do not exist are there as absent.</returns>
    public ValueTask<CacheAnswer[]> GetManyAsync(
        CachedMethod method, NodeName node, IItemKeys items, in ReadConditions conditions, IBatchRun run,
        CancellationToken cancellation = default) => throw new NotImplementedException();

    /// <summary>Ends refills and waits for what is on.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
