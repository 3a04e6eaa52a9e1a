namespace InstaGrpc.Caching;

/// <summary>How this process reads through the cache. Configuration section <c>Insta:Cache</c>; the prefix is <c>Insta:Prefix</c>.</summary>
public sealed class CacheOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Cache";

    /// <summary>The key of <see cref="Prefix"/>, which is the whole mesh's and not this section's.</summary>
    public const string PrefixKey = "Insta:Prefix";

    /// <summary>What every key begins with, so that several meshes can share servers. Printable ASCII without '|'.</summary>
    /// <value>Empty; at most 40 characters.</value>
    public string Prefix { get; set; } = "";

    /// <summary>How far the invalidation of a server may lag before its entries are no longer served as they are. Every answer is at most
    /// a method's <c>max_stale_ms</c> plus this old.</summary>
    /// <value>5 s.</value>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Handler runs of cached methods that may be on at a time, for each node; refills count too.</summary>
    /// <value>32.</value>
    public int AdmissionPerNode { get; set; } = 32;

    /// <summary>Handler runs that may wait for admission, for each node. One more refuses the least important that waits.</summary>
    /// <value>4,096.</value>
    public int AdmissionQueue { get; set; } = 4096;

    /// <summary>Bytes that the copies in the process may take, all methods together; 0: no copies.</summary>
    /// <value>64 MiB.</value>
    public long L1Bytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Entries that the tables of values last seen valid, of marks and of list versions hold, each. A full table forgets, which costs
    /// a wait or a round trip and never an answer's truth.</summary>
    /// <value>65,536; rounded up to a power of two.</value>
    public int TableEntries { get; set; } = 65_536;

    /// <summary>Whether handler runs of cached methods are audited for tables that their contract does not name.</summary>
    /// <value>Null: in development and tests, not in production.</value>
    public bool? AuditDependencies { get; set; }
}
