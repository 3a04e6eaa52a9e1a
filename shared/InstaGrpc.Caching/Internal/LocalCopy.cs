using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>An entry's copy in this process. Immutable but for the parsed message beside it.</summary>
internal sealed class LocalCopy
{
    // An object's overhead, its fields, and the arrays' headers.
    private const int Overhead = 200;

    private object? _message;

    /// <summary>The key without generation and version, and of a page its own fields.</summary>
    public required byte[] Identity { get; init; }

    public required ulong IdentityHash { get; init; }

    public required ulong Generation { get; init; }

    /// <summary>The watermark's before <c>mg</c> was sent.</summary>
    public required ReplayPosition Lo { get; init; }

    /// <summary>The stripe's counter before <c>mg</c> was sent.</summary>
    public required long Drops { get; init; }

    public required EntryHeader Header { get; init; }

    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The process's clock.</summary>
    public required long ExpiresAt { get; init; }

    public object? Message
    {
        get => Volatile.Read(ref _message);
        set => Volatile.Write(ref _message, value);
    }

    // A parsed message is taken to be as large as its bytes, twice.
    public int Cost => Overhead + Identity.Length + (Bytes.Length * 3);
}
