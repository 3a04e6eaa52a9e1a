using InstaGrpc.Services.Projector.Internal.Viral;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class LikeRatesTests
{
    private const long Post = 7;

    private readonly LikeRates _rates = new(limit: 100, calmAfter: TimeSpan.FromMinutes(10));
    private DateTimeOffset _now = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void APostIsViralAboveTheLimitAndNotAtIt()
    {
        Like(100);
        Assert.Empty(_rates.Look(_now).Viral);
        Like(1);
        Assert.Equal([Post], _rates.Look(_now).Viral);
        Assert.Equal([Post], _rates.Viral);
    }

    [Fact]
    public void LikesOfMoreThanAMinuteAreNoRate()
    {
        // 20 in each 5 s span would be 240 a minute, 8 are 96.
        for (var span = 0; span < 60; span++)
        {
            Like(8);
            Assert.Empty(_rates.Look(_now).Viral);
            Pass(TimeSpan.FromSeconds(5));
        }

        for (var span = 0; span < 12; span++)
        {
            Like(20);
            Pass(TimeSpan.FromSeconds(5));
            _rates.Look(_now);
        }

        Assert.Equal([Post], _rates.Viral);
    }

    [Fact]
    public void ItIsCalmAgainOnlyTenMinutesAfterItWasLastAtHalfOfTheLimit()
    {
        Like(101);
        _rates.Look(_now);
        for (var minute = 0; minute < 30; minute++)
        {
            // Far below the limit, but not below half of it.
            Pass(TimeSpan.FromMinutes(1));
            Like(50);
            Assert.Empty(_rates.Look(_now).Calm);
        }

        Pass(TimeSpan.FromMinutes(9));
        Like(49);
        Assert.Empty(_rates.Look(_now).Calm);
        Pass(TimeSpan.FromMinutes(1));
        Assert.Equal([Post], _rates.Look(_now).Calm);
        Assert.Empty(_rates.Viral);
    }

    [Fact]
    public void ARateThatGoesUpAndDownAroundTheLimitDoesNotFlap()
    {
        var turns = 0;
        for (var minute = 0; minute < 120; minute++)
        {
            Like(minute % 5 == 0 ? 110 : minute % 2 == 0 ? 90 : 20);
            var (viral, calm) = _rates.Look(_now);
            turns += viral.Count + calm.Count;
            Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(1, turns);
    }

    [Fact]
    public void WhatWasCommittedLongAgoCountsForNothing()
    {
        for (var like = 0; like < 500; like++)
        {
            _rates.Add(Post, _now - TimeSpan.FromMinutes(2), _now);
        }

        Assert.Empty(_rates.Look(_now).Viral);
        // By a clock that is ahead of this one: now.
        for (var like = 0; like < 101; like++)
        {
            _rates.Add(Post, _now + TimeSpan.FromMinutes(2), _now);
        }

        Assert.Equal([Post], _rates.Look(_now).Viral);
    }

    [Fact]
    public void WhatAFormerWorkerFoundViralGetsItsTenMinutes()
    {
        _rates.Resume([Post], _now);
        Pass(TimeSpan.FromMinutes(9.9));
        Assert.Empty(_rates.Look(_now).Calm);
        Pass(TimeSpan.FromMinutes(0.1));
        Assert.Equal([Post], _rates.Look(_now).Calm);
    }

    [Fact]
    public void PostsThatFewLikeAreNotCarriedAlong()
    {
        for (var post = 1; post <= 10_000; post++)
        {
            _rates.Add(post, _now, _now);
        }

        Like(30);
        _rates.Look(_now);
        Pass(TimeSpan.FromSeconds(5));
        _rates.Look(_now);
        Assert.Equal(1, _rates.Counted);
        Pass(TimeSpan.FromMinutes(2));
        _rates.Look(_now);
        Assert.Equal(0, _rates.Counted);
    }

    private void Like(int times)
    {
        for (var time = 0; time < times; time++)
        {
            _rates.Add(Post, _now, _now);
        }
    }

    private void Pass(TimeSpan time) => _now += time;
}
