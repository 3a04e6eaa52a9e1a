namespace InstaGrpc.Memcached.Internal;

[Flags]
internal enum ReplyMarks : byte
{
    None = 0,
    Won = 1,
    AlreadyWon = 2,
    Stale = 4,
    HitBefore = 8,
}
