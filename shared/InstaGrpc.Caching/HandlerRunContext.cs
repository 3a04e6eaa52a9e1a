using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>What a handler run of a cached method may read, and how. One for each run; a run has a scope of its own, without a peer and, unless the
/// method varies by it, without a caller.</summary>
public sealed class HandlerRunContext
{
    internal HandlerRunContext(CachedMethod method, NodeName node, ReplayPosition? fence, TokenPosition? token, TimeSpan remaining, long? callerId)
    {
        Method = method;
        Node = node;
        Fence = fence;
        NestedToken = fence is { } position ? new TokenPosition(position.Timeline, position.Lsn) : token;
        Remaining = remaining;
        CallerId = callerId;
    }

    /// <summary>The cached method (of a batch: the items').</summary>
    public CachedMethod Method { get; }

    /// <summary>The one node that the run may read. Cached methods of another node are refused inside it.</summary>
    public NodeName Node { get; }

    /// <summary>Where to read.</summary>
    public ReadSource Source => ReadSource.Primary;

    /// <summary>What the answer must include; null where nothing is filled.</summary>
    public ReplayPosition? Fence { get; }

    /// <summary>What nested cached reads of this node carry as their token (with <c>insta-max-stale-ms: 0</c>): the fence, or where nothing is filled the
    /// caller's own. Null: they need none.</summary>
    /// <remarks>Without it the outer value would keep an inner one's staleness after its own mark was taken away.</remarks>
    public TokenPosition? NestedToken { get; }

    /// <summary>How long the run may take; the token given to it ends it then.</summary>
    public TimeSpan Remaining { get; }

    /// <summary>The caller's user id where the method varies by it, otherwise null.</summary>
    public long? CallerId { get; }
}
