namespace InstaGrpc.Memcached.Internal;

/// <summary>One reply line, parsed: everything but the value, which follows it.</summary>
internal struct ReplyHead
{
    public const int NoValue = -1;
    public const int NoOpaque = -1;

    public MetaStatus Status;
    public ReplyMarks Marks;
    public int ValueLength;
    public int Opaque;
    public ulong Cas;
    public int Ttl;
    public int Size;
    public uint ClientFlags;
    public int LastAccess;

    /// <summary>byte[]: the key; string: the line of an error.</summary>
    public object? KeyOrError;
}
