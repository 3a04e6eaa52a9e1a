namespace InstaGrpc.Services.Changes.Internal;

/// <summary>A relation as the catalog has it.</summary>
/// <param name="Quoted">Schema and name, quoted.</param>
/// <param name="Kind"><c>pg_class.relkind</c>.</param>
/// <param name="Persistence"><c>pg_class.relpersistence</c>.</param>
/// <param name="Identity"><c>pg_class.relreplident</c>: d, i, f or n.</param>
/// <param name="IdentityColumns">Under d and i.</param>
internal sealed record TableState(
    string Quoted, char Kind, char Persistence, bool IsPartition, char Identity, HashSet<string> Columns, HashSet<string> IdentityColumns)
{
    /// <summary>Null: not in the publication.</summary>
    public PublishedColumns? Published { get; set; }
}
