namespace InstaGrpc.Caching;

/// <summary>What a handler run found.</summary>
public readonly struct HandlerAnswer
{
    private HandlerAnswer(bool present, ReadOnlyMemory<byte> bytes, object? message, bool cacheable) =>
        (IsPresent, Bytes, Message, IsCacheable) = (present, bytes, message, cacheable);

    /// <summary>There is no such thing (NOT_FOUND); that is cached too.</summary>
    public static HandlerAnswer Absent => new(false, default, null, true);

    /// <summary>An answer.</summary>
    /// <param name="bytes">The serialized response.</param>
    /// <param name="message">The response itself, if callers in this process shall share it. Nobody may change it from now on.</param>
    public static HandlerAnswer Present(ReadOnlyMemory<byte> bytes, object? message = null) => new(true, bytes, message, true);

    /// <summary>False: NOT_FOUND.</summary>
    public bool IsPresent { get; }

    /// <summary>The serialized response.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The response, or null.</summary>
    public object? Message { get; }

    /// <summary>False: the callers get it, nothing is kept.</summary>
    public bool IsCacheable { get; }

    /// <summary>The same answer, to be given to the callers and kept nowhere (a table was read that the contract does not declare).</summary>
    public HandlerAnswer ButUncacheable() => new(IsPresent, Bytes, Message, false);
}
