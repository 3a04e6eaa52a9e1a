namespace InstaGrpc.Robustness.Model.Lag;

public enum LagFault
{
    None,

    /// <summary>While the stream is away the fence stands still, and a follower that passed it fills as if it were the primary.</summary>
    FollowerFillWhileStreamIsAway,

    /// <summary>A hit is served however long nothing was heard of the stream.</summary>
    HitServedWhateverTheLag,
}
