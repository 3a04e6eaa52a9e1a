namespace InstaGrpc.Services.Changes.Internal;

/// <summary>What of a table is published.</summary>
internal sealed record PublishedColumns(HashSet<string> Names)
{
    /// <summary>Without a column list: all, also those that are added later.</summary>
    public static PublishedColumns All { get; } = new(new HashSet<string>());

    public bool IsAll => ReferenceEquals(this, All);

    public bool Contains(string column) => IsAll || Names.Contains(column);
}
