using System.Diagnostics;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Tests;

public sealed class TracingTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task ARefillIsLinkedToTheWriteThatMarkedItsKey()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var refills = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CacheTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (refills)
                {
                    refills.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        const string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var key = mesh.Invalidator.KeyOf(TestContracts.Thing, "4711");
        await mesh.Pool.OwnerOf(key.Ring.Span).SetAsync(
            KeyLayout.Trace(mesh.Prefix, key.Under(mesh.Invalidator.Generation)), System.Text.Encoding.ASCII.GetBytes(traceparent),
            new MetaSet { TtlSeconds = 60 });
        await mesh.NewReader().ReadAsync(TestContracts.Thing, 4711, new ScriptedRun(() => "one"));

        lock (refills)
        {
            var linked = refills.Single(refill => refill.Links.Any(link => link.Context.TraceId.ToHexString() == traceparent[3..35]));
            Assert.Equal("Filled", linked.GetTagItem("insta.cache.lease"));
            Assert.Equal(TestContracts.Thing.FullName, linked.GetTagItem("insta.method"));
        }
    }
}
