namespace InstaGrpc.Services.Projector.Internal;

/// <summary>What a fan-out job does; the column <c>kind</c> of <c>fanout_jobs</c>.</summary>
internal enum FanoutKind : short
{
    /// <summary>Pushes a post to its author's followers.</summary>
    Post = 1,

    /// <summary>Tells an author's followers that he is pulled from now on.</summary>
    Notice = 2,

    /// <summary>Deletes a timeline.</summary>
    Drop = 3,
}
