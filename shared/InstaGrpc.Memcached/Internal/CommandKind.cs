namespace InstaGrpc.Memcached.Internal;

/// <summary>What it means if a command of a batch says nothing.</summary>
internal enum CommandKind : byte
{
    /// <summary>It always answers: silence is a fault.</summary>
    Loud,

    /// <summary>Nothing there.</summary>
    QuietGet,

    /// <summary>Stored, deleted or marked.</summary>
    QuietWrite,
}
