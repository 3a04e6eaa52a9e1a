namespace InstaGrpc.Robustness.Model.Stale;

public enum StaleAction
{
    ClockTicks,
    RowChanges,
    ChangeIsApplied,
    EntryIsEvicted,
    ProcessWinsLease,
    ProcessWinsRefill,
    ProcessHits,
    ProcessServesStale,
    ProcessMustWait,
    HandlerReadsRow,
    ProcessFills,
    ProcessIsOvertaken,
    ProcessFindsFillIdOfItsWin,
    ProcessLeavesOthersFill,
    ProcessKeepsValueAsStale,
    ProcessMarksAfterKeeping,
    LeaseRunsOut,
}
