namespace InstaGrpc.Services.ShardMap;

/// <summary>Settings of the role <c>shardmap</c>, from <c>Insta:ShardMap</c>.</summary>
public sealed class ShardMapOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:ShardMap";

    /// <summary>Callers that may watch the map at a time; one more is refused with RESOURCE_EXHAUSTED. 1,000 by default.</summary>
    public int MaxWatchers { get; set; } = 1000;
}
