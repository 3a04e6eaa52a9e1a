namespace InstaGrpc.Robustness.Model.Timeline;

public enum TimelineAction
{
    OldPrimaryCommits,
    StandbyReplays,
    OtherFollowerReplays,
    StandbyIsPromoted,
    NewPrimaryCommits,
    ChangeIsApplied,
    ResetBeginsGeneration,
    ReaderFillsFromPrimary,
    ReaderFillsFromFollower,
    TokenReadHits,
    TokenReadGoesToPrimary,
    TokenReadMustWait,
}
