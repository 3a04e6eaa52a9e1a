namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Another lineage, with a higher owner number, writes the watermarks: this one is a zombie and must end.</summary>
internal sealed class NewerLineageException(long owner) : Exception($"owner {owner} has taken over")
{
    public long Owner { get; } = owner;
}
