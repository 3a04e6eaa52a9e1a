using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines;

/// <summary>Some servers did not acknowledge their share of a batch; what the others got is done, so only these users are to be sent
/// again.</summary>
public sealed class TimelinesUnreachedException : MemcachedException
{
    internal TimelinesUnreachedException(IReadOnlyCollection<long> users, MemcachedException inner)
        : base($"{users.Count} timelines were not reached: {inner.Message}", inner) => Users = [.. users];

    /// <summary>Those whose timelines may not have what was sent.</summary>
    public long[] Users { get; }
}
