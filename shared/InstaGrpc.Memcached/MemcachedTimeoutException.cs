namespace InstaGrpc.Memcached;

/// <summary>No reply came within <see cref="MemcachedOptions.OperationTimeout"/>. The command may still take effect.</summary>
public sealed class MemcachedTimeoutException(string message, Exception? inner = null) : MemcachedException(message, inner);
