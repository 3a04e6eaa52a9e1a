using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>Which contracts of this process are announced, and where they may be cached.</summary>
public interface IContractNumbers
{
    /// <summary>Rises with every change; readers keep what they resolved under one version.</summary>
    int Version { get; }

    /// <summary>The contract's number if it may be cached on this node (provided that the watermark has reached it), otherwise null.</summary>
    /// <param name="method">Full name.</param>
    /// <param name="node">The node that is read.</param>
    AnnouncedKey? Find(string method, NodeName node);
}
