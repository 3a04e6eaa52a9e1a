using InstaGrpc.ChangeLog.Internal;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog.Tests;

public sealed class StreamFollowerTests
{
    private static readonly ReplayPosition _start = ReplayPosition.EndOf(new Timeline(1), new Lsn(100));
    private readonly Records _records = new();

    [Fact]
    public void TheNextRecordIsAppliedAndADoubleSkipped()
    {
        var follower = At(_start);
        var record = _records.One(200);

        Assert.Equal("apply", Judge(follower, record));
        Assert.Equal("skip", Judge(follower, record));
        Assert.Equal(ReplayPosition.EndOf(new Timeline(1), new Lsn(200)), follower.Position);
    }

    [Fact]
    public void AFollowerInsideATransactionGoesOnInsideIt()
    {
        var transaction = _records.Transaction(200, rows: 3);
        var follower = At(ReplayPosition.FromMessage(transaction[0].Position));

        Assert.Equal(["skip", "apply", "apply"], transaction.Select(record => Judge(follower, record)));
        Assert.True(follower.Position!.Value.IsWholeTransaction);
    }

    [Fact]
    public void AMissingRecordIsAGapThatEndsAtThePredecessor()
    {
        var follower = At(_start);
        var missing = _records.One(200);
        var next = _records.One(300);

        Assert.Equal(StreamFollower.Verdict.Apply, follower.Judge(next, 5, out var gap));

        Assert.Equal(GapReason.Missing, gap!.Reason);
        Assert.Equal(missing.EndPosition(), gap.ResumeFrom);
        Assert.Equal(next.EndPosition(), follower.Position);
    }

    [Fact]
    public void AMissingRecordInsideATransactionIsAGap()
    {
        var follower = At(_start);
        var transaction = _records.Transaction(200, rows: 3);

        Assert.Equal("apply", Judge(follower, transaction[0]));
        Assert.Equal("Missing apply", Judge(follower, transaction[2]));
    }

    [Fact]
    public void WithoutAPositionTheFirstRecordsPredecessorIsAnnounced()
    {
        var follower = new StreamFollower(ChangeStart.Newest);

        Assert.Equal(StreamFollower.Verdict.Apply, follower.Judge(_records.One(200), 0, out var gap));

        Assert.Equal(GapReason.NoPosition, gap!.Reason);
        Assert.Equal(_start, gap.ResumeFrom);
    }

    [Fact]
    public void AnotherTimelineIsAGapEvenIfItsPredecessorLooksRight()
    {
        var follower = At(_start);
        var promoted = new Records(timeline: 2).One(200);

        Assert.Equal("OtherTimeline apply", Judge(follower, promoted));
        Assert.Equal(new Timeline(2), follower.Position!.Value.Timeline);
    }

    [Fact]
    public void AnotherSystemIsAGapEvenIfItsPositionsLookRight()
    {
        var follower = At(_start);

        Assert.Equal("OtherSystem apply", Judge(follower, new Records(system: 8).One(200)));
        Assert.Equal(8UL, follower.System);
    }

    [Fact]
    public void AResetIsAGapAndItsOwnPositionIsWhereToGoOn()
    {
        var follower = At(_start);

        Assert.Equal(StreamFollower.Verdict.Skip, follower.Judge(_records.Reset(500), 3, out var gap));

        Assert.Equal(GapReason.Reset, gap!.Reason);
        Assert.Equal(ReplayPosition.EndOf(new Timeline(1), new Lsn(500)), gap.ResumeFrom);
        Assert.Equal("apply", Judge(follower, _records.One(600)));
    }

    [Fact]
    public void AResetToAnEarlierPositionIsAGapWhenItComesAfterTheOwnRecord()
    {
        var own = _records.One(900);
        var follower = At(own.EndPosition());
        var old = new Records();

        Assert.Equal("skip", Judge(follower, own));
        Assert.Equal("Reset skip", Judge(follower, old.Reset(300)));
        Assert.Equal("apply", Judge(follower, old.One(400)));
    }

    [Fact]
    public void AResetThatWasMadeGoodForIsNotMadeGoodForAgainWhenTheLogIsReadFromItsStart()
    {
        var before = _records.One(200);
        var reset = _records.Reset(500);
        var own = _records.One(600);
        var follower = At(own.EndPosition());

        Assert.Equal(["skip", "skip", "skip", "apply"],
            new[] { before, reset, own, _records.One(700) }.Select(record => Judge(follower, record)));
    }

    [Fact]
    public void AResetThatMayLieBehindThePositionIsAGapIfTheOwnRecordIsGone()
    {
        var follower = At(ReplayPosition.EndOf(new Timeline(1), new Lsn(600)));
        var old = new Records();

        Assert.Equal(["skip", "skip", "Reset apply"],
            new[] { old.Reset(300), old.One(500), old.One(700) }.Select(record => Judge(follower, record)));
    }

    [Fact]
    public void WhoStandsOnAResetGoesOnFromIt()
    {
        var reset = _records.Reset(500);
        var follower = At(reset.EndPosition());

        Assert.Equal(["skip", "apply"], new[] { reset, _records.One(600) }.Select(record => Judge(follower, record)));
    }

    private static StreamFollower At(ReplayPosition position) => new(ChangeStart.After(position, system: 7));

    private static string Judge(StreamFollower follower, RowChange record)
    {
        var verdict = follower.Judge(record, 0, out var gap).ToString().ToLowerInvariant();
        return gap is null ? verdict : $"{gap.Reason} {verdict}";
    }
}
