namespace InstaGrpc.Embedded;

/// <summary>Where and how a PostgreSQL cluster runs.</summary>
public sealed class EmbeddedPostgresOptions
{
    /// <summary>
    /// The cluster's data folder; made when absent. When the caller is root and the account <c>postgres</c> cannot reach it, the data go
    /// to <c>/var/lib/insta/&lt;hash&gt;</c> instead, and <see cref="Report"/> says so.
    /// </summary>
    public required string DataFolder { get; init; }

    /// <value>TCP port on 127.0.0.1. 0 (default): the port of the last start when it is free, else one that the kernel gives.</value>
    public int Port { get; init; }

    /// <value>Default true. False loses data when the machine fails, and is for tests.</value>
    public bool Fsync { get; init; } = true;

    /// <value>Default <see cref="PostgresAuthentication.Password"/>.</value>
    public PostgresAuthentication Authentication { get; init; } = PostgresAuthentication.Password;

    /// <value>
    /// A folder that keeps one initialised, never started cluster which new data folders are copied from (0.1 s instead of more than a
    /// second), its password included. Null (default): initdb runs for every new data folder.
    /// </value>
    public string? TemplateFolder { get; init; }

    /// <value>Connections; default 400.</value>
    public int MaxConnections { get; init; } = 400;

    /// <value>Replication slots and, equal to them, walsenders; default 64.</value>
    public int MaxReplicationSlots { get; init; } = 64;

    /// <value>
    /// WAL in megabytes that a slot may hold back before it is given up; default 1024. A lost slot is a gap, a full disk an outage.
    /// </value>
    public int MaxSlotWalKeepMegabytes { get; init; } = 1024;

    /// <value>shared_buffers in megabytes; default 128.</value>
    public int SharedBuffersMegabytes { get; init; } = 128;

    /// <value>More settings of postgresql.conf, which win over those above.</value>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <value>Folder of initdb and postgres. Null (default): the newest of Debian's and Fedora's places, else the PATH.</value>
    public string? BinFolder { get; init; }

    /// <value>Default 60 s, which also covers crash recovery of a large cluster.</value>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <value>Default 5 s: how long a fast shutdown may take before it becomes an immediate one.</value>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>
    /// Receives one line for each thing a person would want to know (data moved elsewhere, a leftover stopped). Null: nobody.
    /// </value>
    public Action<string>? Report { get; init; }
}
