using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Media;

/// <summary>What came of the likes that shared an INSERT, of a post that exists.</summary>
/// <param name="Token">Of the commit.</param>
/// <param name="Hidden">Those of the likers who like nothing here: the post's owner has blocked them, or they have blocked him.</param>
internal sealed record LikeOutcome(ReadToken Token, IReadOnlyCollection<long> Hidden);
