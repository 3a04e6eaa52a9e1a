using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Model.Lease;

public sealed class LeaseModelTests(ITestOutputHelper output) : ModelTests(output)
{
    private const string Stale = "stale for ever";

    private static readonly LeaseBounds s_small = new(Commits: 1, Readers: 1, Lineages: 1, Restarts: 0, Evictions: 0);

    [Fact]
    public void NoInterleavingLeavesAnOldValueUnmarked()
    {
        AssertSound(Bounds().Select(b => Explorer.Explore($"lease, {b}", new LeaseModel(b))));

        static IEnumerable<LeaseBounds> Bounds()
        {
            yield return new(Commits: 1, Readers: 1, Lineages: 2, Restarts: 1, Evictions: 1);
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 0);
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 0) { TouchesKey = commit => commit == 2 };
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 0) { IsTruncate = commit => commit == 1 };
            yield return new(Commits: 1, Readers: 2, Lineages: 2, Restarts: 0, Evictions: 0);
            yield return new(Commits: 2, Readers: 2, Lineages: 1, Restarts: 0, Evictions: 0);
            yield return new(Commits: 1, Readers: 2, Lineages: 2, Restarts: 0, Evictions: 0) { Deletes = true };
            yield return new(Commits: 1, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 1) { Deletes = true };
            if (!All)
                yield break;
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 0) { TouchesKey = commit => commit == 1 };
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 1) { Deletes = true };
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 0, Evictions: 1);
            yield return new(Commits: 2, Readers: 1, Lineages: 2, Restarts: 1, Evictions: 0);
            yield return new(Commits: 1, Readers: 2, Lineages: 2, Restarts: 0, Evictions: 1);
            yield return new(Commits: 1, Readers: 2, Lineages: 2, Restarts: 1, Evictions: 0);
            yield return new(Commits: 2, Readers: 2, Lineages: 1, Restarts: 0, Evictions: 1);
        }
    }

    [Fact]
    public void ACommitPublishedBeforeItIsVisibleLeavesTheOldRow() => Find(LeaseFault.PublishBeforeVisible, s_small, Stale);

    [Fact]
    public void AFillWithoutCasLandsAfterTheChange() => Find(LeaseFault.FillWithoutCas, s_small, Stale);

    [Fact]
    public void ALaggingFollowerWithoutAFenceFillsTheOldRow() => Find(LeaseFault.FollowerWithoutFence, s_small, Stale);

    [Fact]
    public void AFenceFromBeforeTheLeaseIsTooLow() => Find(LeaseFault.FenceReadBeforeLease, s_small, Stale);

    [Fact]
    public void MarksThatMayOvertakeHiLetALaggingFollowerFill() => Find(LeaseFault.HiWrittenWithMarks, s_small, Stale);

    [Fact]
    public void HiWrittenAfterTheMarksLetsALaggingFollowerFill() => Find(LeaseFault.HiWrittenAfterMarks, s_small, Stale);

    [Fact]
    public void TheStartOfTheCommitRecordLetsAFollowerWithoutTheCommitPass() =>
        Find(LeaseFault.PositionIsStartOfCommitRecord, s_small, Stale);

    [Fact]
    public void AFenceCheckedInTheHandlersSnapshotIsTrueBesideTheOldRow() => Find(LeaseFault.FenceCheckedInSnapshot, s_small, Stale);

    [Fact]
    public void LoWrittenBeforeTheMarksIsBelievedTooEarly() => Find(LeaseFault.LoWrittenBeforeMarks, s_small, "applied");

    [Fact]
    public void LoRaisedToHiAfterATakeoverSkipsAChange() => Find(LeaseFault.LoIsHiAfterTakeover, s_small with { Lineages = 2 }, "applied");

    [Fact]
    public void AGenerationUsedAgainLetsALeaseFromBeforeTheLossFill() =>
        Find(LeaseFault.SameGenerationAgain, s_small with { Evictions = 1, Lineages = 2 }, "applied");

    [Fact]
    public void AGenerationUsedAgainLetsALeaseOfAnEarlierLifeFill() =>
        Find(LeaseFault.SameGenerationAgain, s_small with { Restarts = 1, Readers = 2 }, "applied");

    [Fact]
    public void ANewLineageThatGoesOnAtTheEndNeverAppliesWhatLiesBetween() =>
        Find(LeaseFault.NewLineageBeginsAtEnd, s_small with { Lineages = 2 }, "applied");

    [Fact]
    public void AnOvertakenValueStoredUnmarkedIsServedAsGood() => Find(LeaseFault.KeptValueStoredUnmarked, s_small, Stale);

    [Fact]
    public void ATruncatesGenerationBegunAtItsPredecessorLetsALaggingFollowerFill() =>
        Find(
            LeaseFault.TruncateBeginsAtPredecessor,
            s_small with { Commits = 2, IsTruncate = commit => commit == 1, TouchesKey = _ => false },
            Stale);

    private void Find(LeaseFault fault, LeaseBounds bounds, string damage) =>
        AssertFound(Explorer.Explore($"lease, {fault}", new LeaseModel(bounds, fault)), damage);
}
