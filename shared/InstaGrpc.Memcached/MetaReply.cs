using InstaGrpc.Memcached.Internal;

namespace InstaGrpc.Memcached;

/// <summary>A server's reply to one meta command. Fields that the command did not ask for are at their defaults.</summary>
public readonly struct MetaReply
{
    private readonly object? _keyOrError;
    private readonly ReplyMarks _marks;

    internal MetaReply(MetaStatus status, string? error = null)
    {
        Status = status;
        _keyOrError = error;
    }

    internal MetaReply(in ReplyHead head, byte[]? value)
    {
        Status = head.Status;
        Value = value;
        Cas = head.Cas;
        Ttl = head.Ttl;
        Size = head.Size;
        ClientFlags = head.ClientFlags;
        LastAccess = head.LastAccess;
        _marks = head.Marks;
        _keyOrError = head.KeyOrError;
    }

    /// <summary>What the server said.</summary>
    public MetaStatus Status { get; }

    /// <summary>The value, in an array of its own that the caller may keep; null if none came. An empty array is a lease's stub.</summary>
    public byte[]? Value { get; }

    /// <summary>The item's CAS; 0 if it was not asked for. A lease is filled by naming it.</summary>
    public ulong Cas { get; }

    /// <summary>Seconds to live, -1 for ever.</summary>
    public int Ttl { get; }

    /// <summary>Size of the value in bytes.</summary>
    public int Size { get; }

    /// <summary>The writer's 32 bits.</summary>
    public uint ClientFlags { get; }

    /// <summary>Seconds since the last access before this one.</summary>
    public int LastAccess { get; }

    /// <summary><c>W</c>: this caller, and nobody else, has the right to refill.</summary>
    public bool Won => (_marks & ReplyMarks.Won) != 0;

    /// <summary><c>Z</c>: another caller has the right to refill.</summary>
    public bool AlreadyWon => (_marks & ReplyMarks.AlreadyWon) != 0;

    /// <summary><c>X</c>: the item is marked; its value is an old one.</summary>
    public bool Stale => (_marks & ReplyMarks.Stale) != 0;

    /// <summary><c>h1</c>: the item was read before.</summary>
    public bool HitBefore => (_marks & ReplyMarks.HitBefore) != 0;

    /// <summary>The key, if it was asked for.</summary>
    public byte[]? Key => _keyOrError as byte[];

    /// <summary>The server's line for <see cref="MetaStatus.ClientError"/> and <see cref="MetaStatus.ServerError"/>, otherwise
    /// null.</summary>
    public string? Error => _keyOrError as string;

    /// <summary>True for <see cref="MetaStatus.Hit"/>: found, stored, deleted or marked.</summary>
    public bool IsHit => Status == MetaStatus.Hit;

    /// <inheritdoc />
    public override string ToString() =>
        $"{Status}{(Won ? " W" : "")}{(AlreadyWon ? " Z" : "")}{(Stale ? " X" : "")} c{Cas}"
        + (Value is null ? "" : $" {Value.Length} bytes") + (Error is null ? "" : $" ({Error})");
}
