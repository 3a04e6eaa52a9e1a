namespace InstaGrpc.Memcached;

/// <summary>The server can't be reached, the connection broke before the reply came, or the queue to it is full.</summary>
public sealed class MemcachedUnavailableException(string message, Exception? inner = null) : MemcachedException(message, inner);
