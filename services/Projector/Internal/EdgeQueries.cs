namespace InstaGrpc.Services.Projector.Internal;

/// <summary>The statements of one kind of edge: the truth on one node, its inverse on another.</summary>
/// <param name="Step">What a rebuild calls it.</param>
/// <param name="ReadTruth">All of it, inverse end first, in order.</param>
/// <param name="ReadDerived">All of it, in the same order.</param>
/// <param name="Existing">Those of some edges that the truth has.</param>
/// <param name="Add">Adds some.</param>
/// <param name="Remove">Removes some.</param>
/// <param name="IsFollow">Whether adding needs to know the limit above which authors are pulled.</param>
internal sealed record EdgeQueries(
    string Step, string ReadTruth, string ReadDerived, string Existing, string Add, string Remove, bool IsFollow)
{
    public static EdgeQueries Follows { get; } = new(
        "edges", ProjectionSql.ReadFollows, ProjectionSql.ReadFollowers, ProjectionSql.ExistingFollows, FeedProjectionSql.AddEdges,
        ProjectionSql.RemoveEdges, IsFollow: true);

    public static EdgeQueries Blocks { get; } = new(
        "blocks", ProjectionSql.ReadBlocks, ProjectionSql.ReadBlockedBy, ProjectionSql.ExistingBlocks, FeedProjectionSql.AddBlocks,
        FeedProjectionSql.RemoveBlocks, IsFollow: false);
}
