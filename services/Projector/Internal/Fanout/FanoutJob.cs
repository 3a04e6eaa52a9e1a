namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A waiting row of <c>fanout_jobs</c>, but for drops, with what its plan depends on.</summary>
/// <param name="Number">Of this beginning of the job.</param>
/// <param name="Kind">A post or a notice.</param>
/// <param name="Author">Whose followers are gone through.</param>
/// <param name="Subject">The post, or the author himself.</param>
/// <param name="At">How far somebody has come.</param>
/// <param name="Followers">The author's, live.</param>
/// <param name="HasNotice">There is a notice that the author is pulled.</param>
/// <param name="IsNoticed">It has reached every follower.</param>
/// <param name="MadeAt">When the job was, by the node's clock.</param>
/// <param name="Traceparent">Of the batch that made it; null: that was not recorded.</param>
internal sealed record FanoutJob(
    long Number, FanoutKind Kind, long Author, long Subject, FanoutProgress At, long Followers, bool HasNotice, bool IsNoticed,
    DateTime MadeAt, string? Traceparent);
