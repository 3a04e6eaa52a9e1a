namespace InstaGrpc.Memcached;

/// <summary>A key and the server to ask for it.</summary>
public readonly record struct ServerKey(MemcachedServer Server, ReadOnlyMemory<byte> Key);
