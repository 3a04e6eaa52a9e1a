namespace InstaGrpc.Embedded;

/// <summary>Where and how a memcached runs.</summary>
public sealed class EmbeddedMemcachedOptions
{
    /// <value>TCP port on 127.0.0.1. 0 (default): one that the kernel gives.</value>
    public int Port { get; init; }

    /// <value>Memory for items in megabytes; default 64.</value>
    public int MemoryMegabytes { get; init; } = 64;

    /// <value>Worker threads; default 2.</value>
    public int Threads { get; init; } = 2;

    /// <value>Connections; default 1024.</value>
    public int MaxConnections { get; init; } = 1024;

    /// <value>Further arguments, e.g. <c>-M</c> (refuse instead of evicting).</value>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <value>
    /// A file that names the running process (id, start time and boot, so that a recycled id is never taken for it): the next start with
    /// the same file stops what a killed run left. Null (default): no such file; the server still ends with its parent.
    /// </value>
    public string? PidFile { get; init; }

    /// <value>Receives what memcached prints. Null (default): thrown away.</value>
    public string? LogFile { get; init; }

    /// <value>Default 10 s.</value>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <value>Default 2 s: how long SIGTERM may take before SIGKILL.</value>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <value>Receives one line for each thing a person would want to know. Null: nobody.</value>
    public Action<string>? Report { get; init; }
}
