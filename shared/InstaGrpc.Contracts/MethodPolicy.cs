namespace InstaGrpc.Contracts;

/// <summary>What a method's contract declares, resolved: defaults filled in, paths found, checked.</summary>
public sealed class MethodPolicy
{
    /// <summary>The mesh's deadline for methods that declare none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(12);

    /// <summary>
    /// The server's ceiling; a caller's shorter deadline wins. <see cref="Timeout.InfiniteTimeSpan"/> for a stream that declares none.
    /// </summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>How clients repeat it; null: they don't.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>The request's id whose shard the call belongs to; null: the service's own node.</summary>
    public FieldPath? ShardKey { get; init; }

    /// <summary>How it is cached; null: it is not, or per item (<see cref="Batch"/>).</summary>
    public CachePolicy? Cache { get; init; }

    /// <summary>Cached per item; null: it is no batch.</summary>
    public BatchPolicy? Batch { get; init; }

    /// <summary>Who is refused first under overload.</summary>
    public required Priority Priority { get; init; }

    /// <summary>Who may call; never empty.</summary>
    public required IReadOnlyList<AllowRule> Allow { get; init; }

    /// <summary>Per caller and process; null: no limit.</summary>
    public RateLimitPolicy? RateLimit { get; init; }

    /// <summary>Whether any rule lets the caller in.</summary>
    public bool Permits(Caller caller)
    {
        foreach (var rule in Allow)
        {
            if (rule.Permits(caller))
            {
                return true;
            }
        }

        return false;
    }
}
