namespace InstaGrpc.Postgres;

/// <summary>What the directory tells of.</summary>
public enum DirectoryChannel
{
    /// <summary>Contracts were announced, ended, or published on a node.</summary>
    Contracts,

    /// <summary>Nodes or shards changed.</summary>
    Shards,
}
