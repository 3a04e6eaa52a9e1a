using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>The topic of a node: <c>&lt;prefix&gt;changes.&lt;node&gt;</c>, partition 0 alone.</summary>
public static class ChangeTopic
{
    /// <summary>The partition that is produced to and read, whatever the broker made.</summary>
    public const int Partition = 0;

    public static string Name(string prefix, NodeName node) => $"{prefix}changes.{node}";
}
