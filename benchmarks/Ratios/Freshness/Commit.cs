using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>A sampled transaction.</summary>
/// <param name="Started">Timestamp before its statement was sent.</param>
/// <param name="Done">Timestamp when its client knew.</param>
/// <param name="Position">How far the WAL was on disk right afterwards: its own end, or a little later, with others beside it.</param>
internal readonly record struct Commit(long Started, long Done, ReplayPosition Position);
