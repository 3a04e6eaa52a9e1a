using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Something that a user is told.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="User">Who is told; 0: the post's owner, who lives on the post's node.</param>
/// <param name="Actor">Who did it. Nobody is told of what he did himself.</param>
/// <param name="Media">0: none.</param>
/// <param name="Comment">0: none.</param>
/// <param name="At">When it was committed.</param>
internal readonly record struct NotifiedEvent(NotificationKind Kind, long User, long Actor, long Media, long Comment, DateTime At);
