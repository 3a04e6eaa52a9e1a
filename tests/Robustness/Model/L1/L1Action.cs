namespace InstaGrpc.Robustness.Model.L1;

public enum L1Action
{
    RowChanges,
    InvalidatorWritesHi,
    InvalidatorInvalidatesKey,
    InvalidatorSendsDrop,
    InvalidatorWritesLo,
    NewLineageTakesOver,
    DropArrives,
    WatchStreamBreaks,
    ProcessNoticesSilence,
    ProcessConnects,
    ReaderTakesLoAndCounter,
    ReaderHits,
    ReaderWinsLease,
    ReaderReadsRow,
    ReaderFills,
    ReaderIsOvertaken,
    ReaderPutsIntoL1,
    ReaderFindsAnotherCounter,
    LookFindsCopy,
    LookPassesHalf,
    LookMisses,
    L1Answers,
    EntryExpires,
}
