namespace InstaGrpc.Memcached;

/// <summary>The server that owns a key under a ring, as that ring knows it.</summary>
/// <param name="Server">The server.</param>
/// <param name="Incarnation">Its <see cref="RingServer.Incarnation"/> on the ring.</param>
public readonly record struct KeyOwner(MemcachedServer Server, int Incarnation);
