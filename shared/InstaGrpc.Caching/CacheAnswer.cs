using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>What a cached read came to.</summary>
public readonly struct CacheAnswer
{
    private readonly Internal.LocalCopy? _copy;
    private readonly object? _message;

    internal CacheAnswer(CacheLevel level, bool present, ReadOnlyMemory<byte> bytes, object? message = null, Internal.LocalCopy? copy = null) =>
        (Level, IsPresent, Bytes, _message, _copy) = (level, present, bytes, message, copy);

    /// <summary>Where it came from.</summary>
    public CacheLevel Level { get; }

    /// <summary>Why it went past the cache; <see cref="UncachedReason.None"/> unless <see cref="Level"/> says so.</summary>
    public UncachedReason Uncached { get; internal init; }

    /// <summary>False: there is no such thing (NOT_FOUND).</summary>
    public bool IsPresent { get; }

    /// <summary>The serialized response.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The response itself if somebody in this process has it, otherwise null. Shared: never to be changed.</summary>
    public object? Message => _message ?? _copy?.Message;

    /// <summary>How old a stale value may be: time since it was last known to be valid; zero for every other level.</summary>
    public TimeSpan Age { get; internal init; }

    /// <summary>What the answer includes, where it is known: hits and fills.</summary>
    public ReplayPosition? Fence { get; internal init; }

    /// <summary>Keeps the parsed response beside the bytes, so that later hits in this process need not parse. No effect where nothing is kept.</summary>
    /// <param name="message">Not to be changed from now on.</param>
    public void KeepMessage(object message)
    {
        if (_copy is not null)
        {
            _copy.Message = message;
        }
    }
}
