namespace InstaGrpc.Memcached;

/// <summary>The other side said something that is no reply of memcached's meta protocol. The connection is closed.</summary>
public sealed class MemcachedProtocolException(string message, Exception? inner = null) : MemcachedException(message, inner);
