using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines;

/// <summary>Some servers did not acknowledge their share of a batch; what the others got is done, so only these users are to be sent
/// again.</summary>
public sealed class TimelinesUnreachedException : MemcachedException
{
    internal TimelinesUnreachedException(
        IReadOnlyCollection<long> users, IReadOnlyCollection<MemcachedServer> servers, AppendCounts counts, MemcachedException inner)
        : base($"{users.Count} timelines were not reached: {inner.Message}", inner) =>
        (Users, Servers, Counts) = ([.. users], [.. servers], counts);

    /// <summary>Those whose timelines may not have what was sent.</summary>
    public long[] Users { get; }

    /// <summary>The servers that did not acknowledge their share.</summary>
    public IReadOnlyList<MemcachedServer> Servers { get; }

    /// <summary>After appends: what became of the others' share.</summary>
    public AppendCounts Counts { get; }
}
