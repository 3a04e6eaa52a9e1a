namespace InstaGrpc.Services.Invalidator;

/// <summary>Settings of the role <c>invalidator</c>, from <c>Insta:Invalidator</c>.</summary>
public sealed class InvalidatorOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Invalidator";

    /// <summary>How often a server's <c>lo</c> is raised at most while no change concerns it. 2 ms by default.</summary>
    public TimeSpan LoInterval { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Keys in one pipeline. 4,096 by default.</summary>
    public int KeysPerPipeline { get; set; } = 4096;

    /// <summary>Pause before a server or the directory that failed is tried again; it doubles to 5 s while that goes on. 250 ms by default.</summary>
    public TimeSpan RetryPause { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often the announced contracts are read again when no notification comes. 1 s by default.</summary>
    public TimeSpan ContractInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Messages that may wait for a process that watches drops; one more ends its stream, and it starts over with no copies. 4,096 by
    /// default.</summary>
    public int DropQueue { get; set; } = 4096;

    /// <summary>A message goes to each watcher at least this often. 100 ms by default.</summary>
    public TimeSpan DropInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Where processes reach this one's <c>InvalidatorService</c>, e.g. <c>http://10.0.0.7:7070</c>; null: the process's own gRPC
    /// listener.</summary>
    public string? Address { get; set; }
}
