namespace InstaGrpc.Load.Tests;

public sealed class LatencyHistogramTests
{
    private static readonly double[] _shares = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AQuantileIsTheExactOneOrTooHighByLessThanOneIn128(int seed)
    {
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var exact = new long[20_000];
        for (var n = 0; n < exact.Length; n++)
        {
            // From a microsecond to a quarter of an hour, each size about as often as each other.
            histogram.Record(exact[n] = (long)Math.Pow(10, random.NextDouble() * 9));
        }

        Array.Sort(exact);
        foreach (var share in _shares)
        {
            var right = exact[(int)Math.Ceiling(share * exact.Length) - 1];
            Assert.InRange(histogram.Quantile(share), right, right + (right / 128));
        }

        Assert.Equal(exact[^1], histogram.Max);
        Assert.Equal(exact.Average(), histogram.Mean, 1e-3);
        Assert.Equal(exact.Length, histogram.Count);
    }

    [Fact]
    public void EveryTimeBelow256MicrosecondsHasABucketOfItsOwn()
    {
        for (var time = 0; time < 256; time++)
        {
            var histogram = new LatencyHistogram();
            histogram.Record(time);
            histogram.Record(10_000);
            Assert.Equal(time, histogram.Quantile(0.5));
        }
    }

    [Fact]
    public void BucketsFollowEachOtherWithoutAGap()
    {
        var histogram = new LatencyHistogram();
        var times = Enumerable.Range(0, 31).SelectMany(static power => (long[])[(1L << power) - 1, 1L << power, (1L << power) + 1]).ToList();
        foreach (var time in times) histogram.Record(time);
        Assert.All(times, time => Assert.Contains(histogram.Buckets(), bucket => bucket.UpTo >= time && bucket.UpTo <= time + (time / 128)));
        Assert.Equal(times.Count, histogram.Buckets().Sum(static bucket => bucket.Count));
    }

    [Fact]
    public void WhatWasPackedAndAddedIsAsIfItHadBeenRecordedHere()
    {
        LatencyHistogram one = new(), other = new(), both = new(), sum = new();
        for (var n = 1; n < 5000; n++)
        {
            (n % 2 == 0 ? one : other).Record(n * 37);
            both.Record(n * 37);
        }

        sum.AddPacked(one.Pack());
        sum.Add(other);
        Assert.Equal(both.Buckets(), sum.Buckets());
        Assert.Equal((both.Count, both.Max, both.Sum), (sum.Count, sum.Max, sum.Sum));
        sum.Clear();
        Assert.Equal((0, 0, 0), (sum.Count, sum.Max, sum.Quantile(0.5)));
    }

    [Fact]
    public void WhatIsTooLongOrNegativeIsCountedAtTheEnds()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(-5);
        histogram.Record(long.MaxValue);
        Assert.Equal((0, LatencyHistogram.Longest), (histogram.Quantile(0.5), histogram.Max));
    }

    [Fact]
    public void RecordingTakesNoMemory()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var n = 0L; n < 100_000; n++) histogram.Record(n * n);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
