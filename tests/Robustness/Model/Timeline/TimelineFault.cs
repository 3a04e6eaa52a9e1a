namespace InstaGrpc.Robustness.Model.Timeline;

public enum TimelineFault
{
    None,

    /// <summary>A token's LSN is compared with <c>lo</c>, whatever timelines they are of.</summary>
    TokenWithoutTimeline,

    /// <summary>A follower's replay position is compared with the fence, whatever timelines they are of.</summary>
    FollowerWithoutTimeline,
}
