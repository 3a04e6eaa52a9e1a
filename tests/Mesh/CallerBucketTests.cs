using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Server;

namespace InstaGrpc.Mesh.Tests;

public sealed class CallerBucketTests
{
    private const int Most = 1000;

    private static readonly RateLimitPolicy _limit = new(PermitsPerSecond: 0.001, Burst: 2);

    [Fact]
    public void HoweverManyCallThereAreNeverMoreBucketsThanAllowed()
    {
        var buckets = new CallerBuckets(TimeProvider.System, Most);
        for (var caller = 0; caller < 10 * Most; caller++)
        {
            buckets.Take("m", $"address {caller}", _limit);
        }

        Assert.InRange(buckets.Count, Most, Most + 1);

        // Who had one has it still; all who come now share one, which is empty.
        Assert.Null(buckets.Take("m", "address 1", _limit));
        Assert.NotNull(buckets.Take("m", "address new", _limit));
    }

    [Fact]
    public void EachCallerHasHisOwnBurst()
    {
        var buckets = new CallerBuckets(TimeProvider.System, Most);

        Assert.Null(buckets.Take("m", "a", _limit));
        Assert.Null(buckets.Take("m", "a", _limit));
        Assert.InRange(buckets.Take("m", "a", _limit)!.Value.TotalSeconds, 1, 1000);
        Assert.Null(buckets.Take("m", "b", _limit));
        Assert.Null(buckets.Take("other", "a", _limit));
    }
}
