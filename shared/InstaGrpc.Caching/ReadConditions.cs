using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>What one caller asks of an answer. The default asks for nothing beyond the contract.</summary>
public readonly record struct ReadConditions
{
    /// <summary>Asks for nothing beyond the contract.</summary>
    public ReadConditions()
    {
    }

    /// <summary>The answer must show this write of the node; null: any.</summary>
    public TokenPosition? Token { get; init; }

    /// <summary>The caller's own limit of staleness; it only narrows the contract's. Null: the contract's.</summary>
    public TimeSpan? MaxStale { get; init; }

    /// <summary>Time until the caller's deadline; null: the method's whole deadline.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>Who waits longest for a handler run.</summary>
    public Priority Priority { get; init; } = Priority.Normal;

    /// <summary>The caller's user id, for methods that vary by it; null: not a user.</summary>
    public long? CallerId { get; init; }

    /// <summary>The handler run that makes this call; null: none. Such a read takes the outer run's fence as its token, never a stale value, and
    /// no admission of its own: its outer run has one, and waiting for another could wait for itself.</summary>
    public HandlerRunContext? Within { get; init; }

    /// <summary>How long a flight may fly that this caller starts: the method's own deadline, however little time he has himself, since others join it.
    /// Inside another run no longer than that one: it has no place of its own among the node's runs.</summary>
    internal TimeSpan Flight(CachedMethod method) => Within is null ? method.Contract.Policy.Deadline : Whole(method);

    /// <summary>The time that the read may take, from its beginning.</summary>
    internal TimeSpan Whole(CachedMethod method) => Remaining ?? method.Contract.Policy.Deadline;
}
