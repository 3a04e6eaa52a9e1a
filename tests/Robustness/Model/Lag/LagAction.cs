namespace InstaGrpc.Robustness.Model.Lag;

public enum LagAction
{
    ClockTicks,
    RowChanges,
    HeartbeatIsMade,
    FollowerReplaysChange,
    ChangeIsApplied,
    HeartbeatIsApplied,
    ReaderReadsWatermark,
    ReaderHits,
    ReaderMarksWhatIsTooOld,
    ReaderWinsLease,
    ReaderMustWait,
    ReaderTakesFence,
    ReaderReadsPrimary,
    ReaderReadsFollower,
    ReaderFills,
    ReaderIsOvertaken,
}
