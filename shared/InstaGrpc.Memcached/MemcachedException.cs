namespace InstaGrpc.Memcached;

/// <summary>A command that has no reply. Whether the server ran it is unknown unless the type says so.</summary>
public abstract class MemcachedException(string message, Exception? inner) : Exception(message, inner);
