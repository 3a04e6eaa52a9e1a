namespace InstaGrpc.Postgres;

/// <summary>
/// The tables and columns that the projector folds; the role <c>changes</c> publishes them beside what announced contracts bind. Each list
/// covers the table's replica identity, and names columns that don't change their text.
/// </summary>
public static class ProjectedTables
{
    /// <summary>Of every data node.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> OfNodes { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["users"] = ["id", "deleted_at"],
        // An update that tombstones a post carries deleted's old value too, since it is part of the identity.
        ["media"] = ["owner_id", "deleted", "id", "deleted_at"],
        ["likes"] = ["media_id", "user_id"],
        ["comments"] = ["media_id", "id", "author_id"],
        ["follows"] = ["follower_id", "followee_id"],
        ["blocks"] = ["blocker_id", "blocked_id"],
    };

    /// <summary>Of the directory.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> OfDirectory { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["names"] = ["name", "user_id", "confirmed"],
    };
}
