namespace InstaGrpc.Contracts;

/// <summary>What a node's catalog says of a table.</summary>
/// <param name="Name">As the contract names it.</param>
/// <param name="Unpublishable">Why its changes can't be published ("is a view"); null when they can.</param>
/// <param name="Columns">Its columns.</param>
public sealed record TableFacts(string Name, string? Unpublishable, IReadOnlyList<ColumnFacts> Columns)
{
    /// <summary>A column; null when there is none of that name.</summary>
    public ColumnFacts? Find(string column) => Columns.FirstOrDefault(c => c.Name == column);
}
