using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>How far a job has come.</summary>
/// <param name="Tier">Unspecified: not planned yet.</param>
/// <param name="Followers">The author's, when it was planned.</param>
/// <param name="Pass">0, or 1 for the others in the tier "active first".</param>
/// <param name="AfterFollower">Every follower up to this one is reached, in this pass.</param>
/// <param name="Batches">Pages done, in all passes.</param>
/// <param name="Ended">Nothing is left to do.</param>
internal readonly record struct FanoutProgress(
    FanoutTier Tier, long Followers, int Pass, long AfterFollower, long Batches, bool Ended);
