namespace InstaGrpc.Memcached;

/// <summary>The server is no memcached that knows meta commands. The message is one line that says which server, and what to do.</summary>
public sealed class MetaCommandsUnsupportedException(string message) : MemcachedException(message, null);
