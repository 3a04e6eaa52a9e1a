namespace InstaGrpc.Robustness.Model.Flight;

public enum FlightAction
{
    RowChanges,
    FollowerReplaysChange,
    InvalidatorWritesHi,
    InvalidatorMarksKey,
    InvalidatorWritesLo,
    EntryIsEvicted,
    OtherProcessWins,
    OtherProcessFills,
    CallerAsks,
    CallerAsksWithToken,
    CallerHits,
    CallerStartsFlight,
    CallerJoinsFlight,
    CallerIsServedStale,
    CallerGivesUp,
    FlightTakesFence,
    HandlerReadsPrimary,
    HandlerReadsFollower,
    FlightFills,
    FlightIsOvertaken,
    CallerGetsAnswer,
    CallerAsksAgain,
}
