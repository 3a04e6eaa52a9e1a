namespace InstaGrpc.Robustness.Model.Right;

public enum RightAction
{
    ClockTicks,
    ChangeIsApplied,
    RightIsEvicted,
    ReaderWinsRefill,
    ReaderWhoMayNotServeStaleRefillsAtOnce,
    ReaderServesStale,
    WinnerFindsYoungRight,
    WinnerFindsOldRight,
    WinnerTakesRight,
    WinnerLosesRight,
    WinWaitsForTheInterval,
    WinMeetsTheOneThatWaits,
    WaitingWinIsOver,
    WaitingWinIsWonAgain,
    WaitingWinStillHolds,
    HandlerReadsRow,
    WinnerFills,
    WinnerKeepsValueAsStale,
    WinnerLeavesOthersFill,
}
