namespace InstaGrpc.Timelines;

/// <summary>What a timeline is good for.</summary>
public enum TimelineState : byte
{
    /// <summary>Somebody reads the posts from PostgreSQL; appends are collected, nobody reads them yet.</summary>
    Building = 1,

    /// <summary>Complete above its floor.</summary>
    Ready = 2,
}
