namespace InstaGrpc.Contracts;

/// <summary>A table whose changes make answers stale.</summary>
/// <param name="Table">"media", or "schema.table" where it is not public.</param>
/// <param name="Columns">One column for each of <see cref="CachePolicy.BoundFields"/>, in their order.</param>
public sealed record TableDependency(string Table, IReadOnlyList<string> Columns)
{
    /// <summary>The schema; "public" where the contract names none.</summary>
    public string Schema => Table.IndexOf('.') is var dot and > 0 ? Table[..dot] : "public";

    /// <summary>The table's name without its schema.</summary>
    public string Name => Table[(Table.IndexOf('.') + 1)..];
}
