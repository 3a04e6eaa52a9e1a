using InstaGrpc.Contracts.Ids;
using InstaGrpc.Services.IdService;

namespace InstaGrpc.IdService.Tests;

/// <summary>How far ids may be from the clock, with a clock that stands still until it is told to go on.</summary>
public sealed class PacingTests
{
    private const int Burst = 20;
    private const long WindowMs = 100;

    private readonly ManualTime _time = new();
    private readonly long[] _ids = new long[100_000];

    [Fact]
    public async Task ABurstIsServedAtOnceAndNoFurtherAheadOfTheClockThanItMay()
    {
        await using var generator = new IdGenerator(new Windows(_time), _time);
        await generator.FillAsync(3, _ids.AsMemory(0, 1), CancellationToken.None);

        var taken = generator.TryTake(3, _ids);

        Assert.Equal((Burst + 1) * InstaId.Sequences - 1, taken);
        Assert.Equal(0, generator.TryTake(3, _ids));
        _time.Advance(1);
        Assert.Equal(InstaId.Sequences, generator.TryTake(3, _ids));
    }

    [Fact]
    public async Task WhatAThreadMissedIsMadeUpForAndWhatNobodyWantedIsNot()
    {
        await using var generator = new IdGenerator(new Windows(_time), _time);
        await generator.FillAsync(3, _ids.AsMemory(0, 1), CancellationToken.None);
        generator.TryTake(3, _ids);

        _time.Advance(Burst);
        Assert.Equal(Burst * InstaId.Sequences, generator.TryTake(3, _ids));
        _time.Advance(3 * Burst);
        Assert.Equal(Burst * InstaId.Sequences, generator.TryTake(3, _ids)); // from now to the window's end
        Assert.Equal(4 * Burst, new InstaId(_ids[0]).Milliseconds - _time.Begin);
        Assert.Equal(WindowMs - 1, new InstaId(_ids[Burst * InstaId.Sequences - 1]).Milliseconds - _time.Begin);
    }

    [Fact]
    public async Task AShardThatIsAlwaysBusyDoesNotRunAwayFromTheClock()
    {
        await using var generator = new IdGenerator(new Windows(_time), _time);
        var last = 0L;
        for (var ms = 0; ms < 20 * WindowMs; ms++)
        {
            await generator.FillAsync(3, _ids.AsMemory(0, 1), CancellationToken.None);
            var taken = generator.TryTake(3, _ids.AsSpan(1)) + 1;

            Assert.True(_ids[0] > last);
            last = _ids[taken - 1];
            Assert.InRange(new InstaId(last).Milliseconds, _time.Now, _time.Now + Burst);
            _time.Advance(1);
        }
    }

    // Windows as the directory grants them, by the test's clock.
    private sealed class Windows(ManualTime time) : IIdWindows
    {
        private long _end;

        public Task<IdWindow?> GrantAsync(int shard)
        {
            var start = Math.Max(_end, time.Now);
            _end = start + WindowMs;
            return Task.FromResult<IdWindow?>(new IdWindow(start, _end, time.Now));
        }

        public Task ReturnAsync(IReadOnlyCollection<IdWindowRest> rests, CancellationToken cancellation) => Task.CompletedTask;
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _elapsed;

        public long Begin => 1_000_000;

        public long Now => Begin + Volatile.Read(ref _elapsed);

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Now;

        public void Advance(long ms) => Interlocked.Add(ref _elapsed, ms);
    }
}
