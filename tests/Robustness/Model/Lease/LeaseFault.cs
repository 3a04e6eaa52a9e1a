namespace InstaGrpc.Robustness.Model.Lease;

/// <summary>One rule of the protocol left out.</summary>
public enum LeaseFault
{
    None,
    PublishBeforeVisible,
    FillWithoutCas,
    FollowerWithoutFence,
    FenceReadBeforeLease,
    HiWrittenWithMarks,
    HiWrittenAfterMarks,
    PositionIsStartOfCommitRecord,
    FenceCheckedInSnapshot,
    LoWrittenBeforeMarks,
    LoIsHiAfterTakeover,
    SameGenerationAgain,
    NewLineageBeginsAtEnd,
    KeptValueStoredUnmarked,
    TruncateBeginsAtPredecessor,
}
