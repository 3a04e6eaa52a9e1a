namespace InstaGrpc.Robustness.Model.Slot;

public enum SlotAction
{
    TransactionBegins,
    CommitIsWritten,
    CommitBecomesVisible,
    SlotIsLost,
    SlotIsMade,
    ResetIsSent,
    CommitIsPublished,
    ResetBeginsGeneration,
    CommitIsApplied,
    ReaderWinsLease,
    ReaderReadsRows,
    ReaderFills,
    ReaderIsOvertaken,
}
