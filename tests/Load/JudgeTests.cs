using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Oracle;

namespace InstaGrpc.Load.Tests;

/// <summary>The oracle by itself: what it must report, and what it must not.</summary>
public sealed class JudgeTests
{
    private readonly Violations _violations = new();
    private readonly Judge _judge;
    private readonly Person _author = new(0, 100) { PostsBefore = 0 };
    private readonly Person _reader = new(1, 200) { PostsBefore = 0 };

    public JudgeTests() => _judge = new Judge(new StreamClock(MeshEndpoints.Of("127.0.0.1:1", null)), _violations);

    [Fact]
    public void AnOwnPostThatIsMissingIsReported()
    {
        Post(_author, 10);
        var look = Judge.Look(_author);
        Assert.Contains("n1=1/0/A", look.Token, StringComparison.Ordinal);
        _judge.PostsOf(look, _author, [10, 5], last: false);
        Assert.Empty(_violations.Counts);
        _judge.PostsOf(look, _author, [5], last: true);
        Assert.Equal(["own write missing"], _violations.Counts.Keys);
    }

    [Fact]
    public void AnOwnPostBindsNoReadThatBeganBeforeItWasAcknowledged()
    {
        var look = Judge.Look(_author);
        Post(_author, 10);
        _judge.PostsOf(look, _author, [5], last: true);
        Assert.Empty(_violations.Counts);
    }

    [Fact]
    public void APostThatIsOnTheNextPageIsNotMissing()
    {
        Post(_author, 10);
        _judge.PostsOf(Judge.Look(_author), _author, [30, 20], last: false);
        Assert.Empty(_violations.Counts);
        _judge.PostsOf(Judge.Look(_author), _author, [30, 20], last: true);
        Assert.Equal(["own write missing"], _violations.Counts.Keys);
    }

    [Fact]
    public void AnothersPostBindsWhenTheStreamHasAppliedIt()
    {
        Post(_author, 10);
        _judge.PostsOf(Judge.Look(_reader), _author, [], last: true);
        Assert.Empty(_violations.Counts);
        foreach (var write in _judge.Posts.Of(_author.Id).Acked()) write.AppliedAt = write.AckedAt;
        _judge.PostsOf(Judge.Look(_reader), _author, [], last: true);
        Assert.Equal(["stale"], _violations.Counts.Keys);
    }

    [Fact]
    public void AFeedMustHaveAFolloweesPostWhenItIsFannedOut()
    {
        _reader.Follows.Add(_author);
        Post(_author, 10);
        var write = Assert.Single(_judge.Posts.Of(_author.Id).Acked());
        write.AppliedAt = write.AckedAt;
        _judge.Home(Judge.Look(_reader), [], last: true);
        Assert.Empty(_violations.Counts);
        write.FannedOutAt = write.AckedAt;
        _judge.Home(Judge.Look(_reader), [Item(10, 0)], last: true);
        Assert.Empty(_violations.Counts);
        _judge.Home(Judge.Look(_reader), [], last: true);
        Assert.Equal(["stale"], _violations.Counts.Keys);
    }

    [Fact]
    public void AFeedOutOfOrderAndOneWithADoubleAreReported()
    {
        _judge.Home(Judge.Look(_reader), [Item(3, 0), Item(4, 0)], last: true);
        Assert.Equal(["out of order"], _violations.Counts.Keys);
        _judge.Home(Judge.Look(_reader), [Item(3, 0), Item(3, 0)], last: true);
        Assert.Equal(2, _violations.Total);
        Assert.Contains("double", _violations.Counts.Keys);
    }

    [Fact]
    public void ACountThatGoesBackForAReaderIsReportedAndOneOfAReadThatBeganBeforeIsNot()
    {
        for (var n = 0; n < 5; n++) _judge.Likes.Of(7).Begin();
        var early = Judge.Look(_reader);
        _judge.LikesOf(Judge.Look(_reader), 7, 4);
        _judge.LikesOf(early, 7, 3);
        _judge.LikesOf(Judge.Look(_author), 7, 3);
        Assert.Empty(_violations.Counts);
        _judge.LikesOf(Judge.Look(_reader), 7, 3);
        Assert.Equal(["counts backwards"], _violations.Counts.Keys);
    }

    [Fact]
    public void ACountAboveWhatWasEverBegunIsReported()
    {
        _judge.Posts.Of(_author.Id).Begin();
        _judge.PostCount(Judge.Look(_reader), _author, 1);
        Assert.Empty(_violations.Counts);
        _judge.PostCount(Judge.Look(_reader), _author, 2);
        Assert.Equal(["counts too high"], _violations.Counts.Keys);
    }

    [Fact]
    public void ACountThatLacksWhatWasCountedLongAgoIsReported()
    {
        _judge.Posts.Of(_author.Id).Begin();
        Post(_author, 10);
        var write = Assert.Single(_judge.Posts.Of(_author.Id).Acked());
        write.CountedAt = write.AckedAt;
        _judge.PostCount(Judge.Look(_reader), _author, 0);
        Assert.Empty(_violations.Counts);
        write.CountedAt -= 10 * System.Diagnostics.Stopwatch.Frequency;
        _judge.PostCount(Judge.Look(_reader), _author, 0);
        Assert.Equal(["stale"], _violations.Counts.Keys);
    }

    [Fact]
    public void AnOwnCommentThatIsMissingIsReportedAndAnothersBindsLater()
    {
        _judge.Acknowledged(_judge.Comments, 7, _author, 70, "n1=1/0/A");
        _judge.CommentsOf(Judge.Look(_reader), 7, [60], last: true);
        Assert.Empty(_violations.Counts);
        _judge.CommentsOf(Judge.Look(_author), 7, [60], last: true);
        Assert.Equal(["own write missing"], _violations.Counts.Keys);
    }

    [Fact]
    public void AnOwnLikeThatIsMissingIsReported()
    {
        var early = Judge.Look(_author);
        _judge.Acknowledged(_judge.Likes, 7, _author, _author.Id, "n1=1/0/A");
        _judge.Liked(early, 7, liked: false);
        _judge.Liked(Judge.Look(_author), 7, liked: true);
        _judge.Liked(Judge.Look(_reader), 7, liked: false);
        Assert.Empty(_violations.Counts);
        _judge.Liked(Judge.Look(_author), 7, liked: false);
        Assert.Equal(["own write missing"], _violations.Counts.Keys);
    }

    [Fact]
    public void WhereTheStreamIsNotMeasuredAPostBindsAfterWhatTheProtocolPromisesAndCountsAndFeedsBindNobody()
    {
        Post(_author, 10);
        var write = Assert.Single(_judge.Posts.Of(_author.Id).Acked());
        Assert.Equal(write.AckedAt + (5 * System.Diagnostics.Stopwatch.Frequency), write.AppliedAt);
        Assert.Equal((AckedWrite.Never, AckedWrite.Never), (write.CountedAt, write.FannedOutAt));
    }

    [Fact]
    public void ALookTakesOnlyTheWritesThatItsPageCouldShow()
    {
        var page = _judge.Posts.Of(_author.Id);
        foreach (var media in (long[])[10, 30, 20, 40, 20]) Post(_author, media);
        Assert.Equal([10, 20, 30, 40], page.Acked().Select(static write => write.Subject));
        Assert.Equal([30, 40], page.AckedAbove(20).Select(static write => write.Subject));
        Assert.Empty(page.AckedAbove(40));
        Assert.Equal((30, null), (page.Find(30)?.Subject, page.Find(31)));
    }

    [Fact]
    public void WritesThatWereCountedLongAgoStayCounted()
    {
        var page = _judge.Posts.Of(_author.Id);
        foreach (var media in (long[])[10, 20, 30]) Post(_author, media);
        var now = System.Diagnostics.Stopwatch.GetTimestamp();
        var writes = page.Acked();
        (writes[0].CountedAt, writes[1].CountedAt) = (now - (100 * System.Diagnostics.Stopwatch.Frequency), now);
        Assert.Equal((1, 2, 2), (page.CountedUntil(now - 1), page.CountedUntil(now), page.CountedUntil(now + 1)));
    }

    [Fact]
    public void AWriteWithoutAPositionIsReported()
    {
        _judge.Acknowledged(_judge.Posts, _author.Id, _author, 10, null);
        Assert.Equal(["no token"], _violations.Counts.Keys);
    }

    private static FeedItem Item(long media, long likes) =>
        new() { Media = new Media { Id = media }, Counts = new MediaCounts { MediaId = media, Likes = likes } };

    private void Post(Person author, long media) => _judge.Acknowledged(_judge.Posts, author.Id, author, media, "n1=1/0/A");
}
