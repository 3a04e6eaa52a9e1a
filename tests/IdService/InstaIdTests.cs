using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.IdService.Tests;

public sealed class InstaIdTests
{
    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 0, 1, 1)]
    [InlineData(0, 1, 0, 1024)]
    [InlineData(1, 0, 0, 8_388_608)]
    [InlineData((1L << 40) - 1, 8191, 1023, long.MaxValue)]
    public void PartsAndNumberAreTheSame(long ms, int shard, int sequence, long value)
    {
        var id = InstaId.Create(ms, shard, sequence);

        Assert.Equal(value, id.Value);
        Assert.Equal((ms, shard, sequence), (id.Milliseconds, id.Shard, id.Sequence));
    }

    [Fact]
    public void TimeCountsFromTheStartOf2026()
    {
        var time = new DateTimeOffset(2026, 11, 22, 12, 34, 56, 789, TimeSpan.Zero);

        Assert.Equal(time, InstaId.Create(InstaId.MillisecondsAt(time), 42, 7).Time);
        Assert.Equal(new DateTimeOffset(2060, 11, 3, 19, 53, 47, 776, TimeSpan.Zero), InstaId.SignedEnd);
    }

    [Theory]
    [InlineData(-1, 0, 0)]
    [InlineData(1L << 40, 0, 0)]
    [InlineData(0, 8192, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, 0, 1024)]
    [InlineData(0, 0, -1)]
    public void APartThatDoesNotFitIsRefused(long ms, int shard, int sequence) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => InstaId.Create(ms, shard, sequence));
}
