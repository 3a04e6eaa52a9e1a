using System.Collections.Concurrent;
using Google.Protobuf;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>
/// Reads through the cache. One for each process. The life of a read (cache protocol, "Reading"):
/// <list type="number">
/// <item>the key, from the request's fields; its server, from the ring; that server's watermark of the node, at most 250 ms old: without one, or one that
/// does not honour the contract, the read is uncached, which always means: the handler, on the primary, under the admission limit;</item>
/// <item>the copy in the process, if its drops arrive and none came;</item>
/// <item><c>mg</c> with a lease: a valid value is the answer;</item>
/// <item>the winner of the lease reads the watermark again (its fence), runs the handler, and fills by CAS;</item>
/// <item>everybody else gets a stale value if the contract allows it, or the value of the winner's flight in this process, or polls.</item>
/// </list>
/// </summary>
public sealed class CachedReads : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, CachedMethod> _methods = new(StringComparer.Ordinal);
    private readonly IContractNumbers _numbers;
    private ProlongedEntries _prolonged = ProlongedEntries.None;

    /// <summary>Makes the reader.</summary>
    /// <param name="pool">The region's servers; null: every read is uncached, under the admission limit.</param>
    /// <param name="clock">PostgreSQL's clock.</param>
    /// <param name="numbers">Which contracts are announced.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The process's monotonic clock; null: the system's.</param>
    public CachedReads(MemcachedPool? pool, INodeClock clock, IContractNumbers numbers, CacheOptions options, TimeProvider? time = null)
    {
        _numbers = numbers;
        Runtime = new CacheRuntime(pool, clock, options, time ?? TimeProvider.System);
    }

    /// <summary>What is kept longer at the moment. Takes effect with the next fill, and at once for who looks for a copy.</summary>
    public ProlongedEntries Prolonged
    {
        get => Volatile.Read(ref _prolonged);
        set => Volatile.Write(ref _prolonged, value);
    }

    internal CacheRuntime Runtime { get; }

    internal ICollection<CachedMethod> Methods => _methods.Values;

    /// <summary>The method of a contract that declares a cache; the same object each time.</summary>
    public CachedMethod For(MethodContract contract) => _methods.GetOrAdd(contract.FullName, static (_, contract) => new CachedMethod(contract), contract);

    /// <summary>Answers one request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="node">The node that its shard key, or its service, names.</param>
    /// <param name="request">The request.</param>
    /// <param name="conditions">What this caller asks beyond the contract.</param>
    /// <param name="run">Runs the handler, now or later, for this caller or for others.</param>
    /// <param name="cancellation">Ends this caller's waiting, not a run that was begun under a lease.</param>
    /// <exception cref="AdmissionRefusedException">The node has all the runs that it may have.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    /// <exception cref="ReadOverdueException">His time ended before there was an answer.</exception>
    /// <exception cref="Exception">Whatever the handler threw.</exception>
    public ValueTask<CacheAnswer> GetAsync(
        CachedMethod method, NodeName node, IMessage request, in ReadConditions conditions, IHandlerRun run,
        CancellationToken cancellation = default)
    {
        var began = Runtime.Time.GetTimestamp();
        var settings = SettingsOf(method, request);
        var reason = Resolve(method, node, settings, out var at);
        if (reason == UncachedReason.None && method.HasUnknownFields(request))
        {
            // Two questions that this build can't tell apart must not share an answer.
            reason = UncachedReason.Request;
        }

        if (reason != UncachedReason.None)
        {
            return UncachedRun.RunAsync(method, Runtime.Node(node), conditions, run, began, reason, cancellation);
        }

        var writer = new KeyWriter(stackalloc byte[320]);
        EntryPlace place;
        try
        {
            at!.WriteRing(ref writer, request, conditions.CallerId);
            var ringLength = writer.Length;
            var hash = KeyHash.Compute(writer.Written);
            var slot = at.Node.On(Runtime.Pool!.OwnerOf(writer.Written));
            if (at.IsList)
            {
                at.AppendPage(ref writer, request, conditions.CallerId);
            }

            if (settings.L1Ttl > TimeSpan.Zero && LocalCopies.Find(at, slot, hash, writer.Written, EntryRead.TokenOf(conditions)) is { } copy)
            {
                method.Counters.Answered(CacheLevel.L1);
                return new(LocalCopies.ToAnswer(copy));
            }

            place = new EntryPlace(
                at, slot, writer.Written[..ringLength].ToArray(), hash, at.IsList ? writer.Written[(ringLength + 1)..].ToArray() : null, settings);
        }
        finally
        {
            writer.Dispose();
        }

        return new EntryRead(place, conditions, run, began).RunAsync(cancellation);
    }

    /// <summary>Answers a batch on one node: one multi-get a server, one handler run for what is missing, each item filled under its own lease.</summary>
    /// <param name="method">The items' method; no list.</param>
    /// <param name="node">The node of all items.</param>
    /// <param name="items">The items' keys.</param>
    /// <param name="conditions">As for one request.</param>
    /// <param name="run">Runs the batch's handler for some of the items.</param>
    /// <param name="cancellation">As for one request.</param>
    /// <returns>One answer for each item, in their order; items that do not exist are there as absent.</returns>
    /// <exception cref="AdmissionRefusedException">The node has all the runs that it may have.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    /// <exception cref="ReadOverdueException">His time ended before there was an answer.</exception>
    /// <exception cref="Exception">Whatever the handler threw.</exception>
    public ValueTask<CacheAnswer[]> GetManyAsync(
        CachedMethod method, NodeName node, IItemKeys items, in ReadConditions conditions, IBatchRun run,
        CancellationToken cancellation = default)
    {
        if (method.Policy.IsList)
        {
            throw new ArgumentException($"{method.Contract.FullName} is a list; lists are not read in batches.", nameof(method));
        }

        var settings = method.Settings;
        var reason = Resolve(method, node, settings, out var at);
        return new BatchRead(method, Runtime.Node(node), at, reason, settings, Prolonged, items, conditions, run, Runtime.Time.GetTimestamp())
            .RunAsync(cancellation);
    }

    /// <summary>Takes one message of a node's drops (<c>InvalidatorService.WatchDrops</c>). Copies are served only while they arrive.</summary>
    /// <returns>False: a message is missing; make the stream anew.</returns>
    public bool ApplyDrops(NodeName node, Contracts.InvalidatorV1.WatchDropsResponse message) => Runtime.Node(node).Drops.Apply(message);

    /// <summary>A node's stream of drops is lost: its copies are not served until a new one begins, and then none of the old ones.</summary>
    public void LoseDrops(NodeName node) => Runtime.Node(node).Drops.Close();

    /// <summary>Ends refills and waits for what is on.</summary>
    public ValueTask DisposeAsync() => Runtime.Background.StopAsync();

    /// <summary>Where a request's entry lies.</summary>
    internal EntryPlace Place(MethodOnNode at, IMessage request, long? callerId)
    {
        var writer = new KeyWriter(stackalloc byte[320]);
        try
        {
            at.WriteRing(ref writer, request, callerId);
            var ring = writer.Written.ToArray();
            var page = default(byte[]);
            if (at.IsList)
            {
                at.AppendPage(ref writer, request, callerId);
                page = writer.Written[(ring.Length + 1)..].ToArray();
            }

            return new EntryPlace(at, at.Node.On(Runtime.Pool!.OwnerOf(ring)), ring, KeyHash.Compute(ring), page, SettingsOf(at.Method, request));
        }
        finally
        {
            writer.Dispose();
        }
    }

    private CacheSettings SettingsOf(CachedMethod method, IMessage request)
    {
        var prolonged = Prolonged;
        return prolonged.Count == 0 ? method.Settings : prolonged.Of(method.IdOf(request), method.Settings);
    }

    /// <summary>The method on the node as announced, or why it is not cached there.</summary>
    internal UncachedReason Resolve(CachedMethod method, NodeName node, CacheSettings settings, out MethodOnNode? at)
    {
        at = null;
        if (!settings.IsOn || Runtime.Pool is null)
        {
            return UncachedReason.Off;
        }

        var version = _numbers.Version;
        at = method.On(node);
        if (at is not null && at.Version == version)
        {
            return UncachedReason.None;
        }

        at = _numbers.Find(method.Contract.FullName, node) is { } announced
            ? new MethodOnNode(method, Runtime.Node(node), announced, version)
            : null;
        method.Use(node, at);
        return at is null ? UncachedReason.NotAnnounced : UncachedReason.None;
    }
}
