using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Timelines.Tests;

public class FormatTests
{
    [Fact]
    public void AHeaderIsReadAsItWasWrittenAndWhatIsNoneIsRefused()
    {
        var bytes = new byte[TimelineHeader.Size + TimelineEntry.Size];
        var header = new TimelineHeader(TimelineState.Ready, long.MaxValue - 1, ulong.MaxValue - 2, uint.MaxValue - 3);
        header.Write(bytes);
        Assert.True(TimelineHeader.TryRead(bytes, out var read));
        Assert.Equal(header, read);

        Assert.False(TimelineHeader.TryRead(bytes.AsSpan(0, 23), out _));
        Assert.False(TimelineHeader.TryRead(bytes.AsSpan(0, 27), out _));
        Assert.False(TimelineHeader.TryRead([], out _));
        bytes[0]++;
        Assert.False(TimelineHeader.TryRead(bytes, out _));
        (bytes[0], bytes[1]) = (1, 3);
        Assert.False(TimelineHeader.TryRead(bytes, out _));
    }

    [Fact]
    public void ANoticeIsToldFromAPostOfTheSameId()
    {
        foreach (var id in (long[])[1, 42, long.MaxValue])
        {
            Assert.Equal((id, false), (TimelineEntry.Post(id).Id, TimelineEntry.Post(id).IsNotice));
            Assert.Equal((id, true), (TimelineEntry.Notice(id).Id, TimelineEntry.Notice(id).IsNotice));
        }

        foreach (var id in (long[])[0, -1, long.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => TimelineEntry.Post(id));
            Assert.Throws<ArgumentOutOfRangeException>(() => TimelineEntry.Notice(id));
        }
    }

    [Fact]
    public void AKeyNamesPrefixIncarnationAndUserAndTheRingHashesNoIncarnation()
    {
        var keys = new TimelineKey("shop.");
        Assert.Equal("shop.t|3|42", keys.Text(42, 3));
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        Assert.Equal("shop.t|42"u8, key[..keys.WriteRingKey(42, key)]);

        var longest = new TimelineKey(new string('p', 40));
        Assert.Equal(TimelineKey.MostBytes, longest.Text(long.MaxValue, int.MaxValue).Length);
        foreach (var prefix in (string[])[new string('p', 41), "a b", "a|b", "ä"])
        {
            Assert.Throws<ArgumentException>(() => new TimelineKey(prefix));
        }
    }

    [Fact]
    public void TheTiersMeetAtTheirThresholds()
    {
        var options = new FanoutOptions();
        Assert.Equal(FanoutTier.Push, options.TierOf(9_999));
        Assert.Equal(FanoutTier.ActiveFirst, options.TierOf(10_000));
        Assert.Equal(FanoutTier.ActiveFirst, options.TierOf(1_000_000));
        Assert.Equal(FanoutTier.Pull, options.TierOf(1_000_001));
    }

    [Fact]
    public void EveryOptionOutOfItsRangeIsNamedAtOnce()
    {
        Assert.True(new FanoutOptionsValidation().Validate(null, new FanoutOptions()).Succeeded);
        var result = new FanoutOptionsValidation().Validate(null, new FanoutOptions
        {
            ActiveFirstFrom = 0, PullAbove = -1, BatchSize = 0, BatchesInFlight = 0, PostRate = 0, PostBurst = -1, ActiveWindow = default,
            AppendsPerSecond = 0, TimelineCap = 0, TimelineSlack = -1,
            TimelineLifetime = TimeSpan.FromDays(31), BuildLifetime = TimeSpan.FromMilliseconds(1500),
        });
        foreach (var option in typeof(FanoutOptions).GetProperties())
        {
            Assert.Single(result.Failures!, fault => fault.StartsWith($"Insta:Feed:{option.Name} ", StringComparison.Ordinal));
        }
    }
}
