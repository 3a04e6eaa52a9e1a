namespace InstaGrpc.Memcached;

/// <summary>Limits of the protocol, checked before a command is sent.</summary>
public static class MemcachedLimits
{
    /// <summary>Longest key, in bytes.</summary>
    public const int KeyBytes = 250;

    /// <summary>Largest value, in bytes (1 MiB). A server with its default settings refuses values a little below that already, because an
    /// item holds its key and header too; it then answers <see cref="MetaStatus.ServerError"/>.</summary>
    public const int ValueBytes = 1024 * 1024;
}
