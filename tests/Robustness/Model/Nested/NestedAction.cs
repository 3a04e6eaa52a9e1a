namespace InstaGrpc.Robustness.Model.Nested;

public enum NestedAction
{
    RowChanges,
    InvalidatorWritesHi,
    InvalidatorMarksOuter,
    InvalidatorMarksInner,
    InvalidatorWritesLo,
    InnerReaderFills,
    OuterReaderWinsLease,
    OuterReaderTakesFence,
    HandlerReadsInnerFromCache,
    HandlerReadsInnerUncached,
    OuterReaderFills,
    OuterReaderIsOvertaken,
}
