using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector;

/// <summary>How far a rebuild is.</summary>
/// <param name="Node">The node whose rows are derived from.</param>
/// <param name="Step">"counts", "edges", "follower counts".</param>
/// <param name="Done">Of <paramref name="Total"/>.</param>
/// <param name="Total">Shards; for edges, rows seen so far (the whole is not known).</param>
/// <param name="Changed">Rows that were wrong or missing, so far in this step.</param>
public sealed record RebuildProgress(NodeName Node, string Step, long Done, long Total, long Changed);
