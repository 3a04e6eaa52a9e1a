namespace InstaGrpc.Caching;

/// <summary>What a namespace's entry came to: one of its four nested types.</summary>
public abstract record LeaseAnswer
{
    private LeaseAnswer()
    {
    }

    /// <summary>The value.</summary>
    /// <param name="Value">Null: absent was filled.</param>
    public sealed record Hit(ReadOnlyMemory<byte>? Value) : LeaseAnswer;

    /// <summary>A marked value that the caller allows.</summary>
    /// <param name="Value">Null: absent was filled.</param>
    /// <param name="Age">Time since it was last known to be valid.</param>
    public sealed record Stale(ReadOnlyMemory<byte>? Value, TimeSpan Age) : LeaseAnswer;

    /// <summary>The caller fills.</summary>
    /// <param name="Token">To be given to <see cref="LeaseCache.FillAsync"/>, by any replica. Empty: the cache can't be used now; a fill is refused.</param>
    /// <param name="Fence">"primary": read the source's primary.</param>
    /// <param name="ExpiresIn">A fill after it is refused.</param>
    public sealed record Lease(ReadOnlyMemory<byte> Token, string Fence, TimeSpan ExpiresIn) : LeaseAnswer;

    /// <summary>Somebody else is filling, and the wait is over.</summary>
    /// <param name="RetryAfter">When to ask again.</param>
    public sealed record Busy(TimeSpan RetryAfter) : LeaseAnswer;
}
