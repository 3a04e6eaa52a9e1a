using System.Text;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Invalidator.Tests;

/// <summary>A server that has no room left and may not evict (<c>-M</c>).</summary>
public sealed class FullServerTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private const string _traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public async Task ATraceThatIsRefusedHoldsUpNoMark()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers, options: new() { MemoryMegabytes = 8, ExtraArguments = ["-M"] });
        // Long enough that traces lie among larger items than the watermark, for which there is room.
        var media = await mesh.AnnounceAndPublishAsync($"test.Media/Get{new string('x', 100)}", "media", "id");
        await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        var key = media.Encode(["42"]);
        await mesh.PutAsync(key, before.Generation);
        var trace = KeyLayout.Trace(mesh.Prefix, key.Under(before.Generation));
        await FillAsync(mesh.Pool.Servers[0], trace.Length);

        var changed = await mesh.Stream.UpdateTracedAsync(_traceparent, "media", ("id", "42"));
        var after = await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.Equal(MetaStatus.ServerError, (await mesh.Pool.Servers[0].SetAsync(trace, Encoding.ASCII.GetBytes(_traceparent), new())).Status);
        Assert.Equal(before.Generation, after.Generation);
        Assert.False((await mesh.LookAsync(key, before.Generation)).IsHit);
    }

    [Fact]
    public async Task ATraceIsThereBeforeItsMark()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers, proxied: true);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        var key = Encoding.ASCII.GetString(media.Encode(["42"]).Under(before.Generation));

        var marking = mesh.Proxy!.HoldRepliesFrom("md ");
        await mesh.Stream.UpdateTracedAsync(_traceparent, "media", ("id", "42"));
        await marking.WaitAsync(Mesh.Limit);

        var sent = mesh.Proxy.Sent;
        Assert.InRange(sent.IndexOf($"ms {mesh.Prefix}tr|{key} ", StringComparison.Ordinal), 0, sent.IndexOf($"md {key} ", StringComparison.Ordinal));
    }

    /// <summary>Items as large as a trace, until one is refused.</summary>
    private static async Task FillAsync(MemcachedServer server, int keyLength)
    {
        var pipeline = new MetaPipeline();
        var value = Encoding.ASCII.GetBytes(_traceparent);
        for (var filled = 0; ;)
        {
            pipeline.Clear();
            for (var n = 0; n < 2_000; n++)
            {
                pipeline.Set(Encoding.ASCII.GetBytes($"{filled++}".PadLeft(keyLength, 'f')), value, new MetaSet(), quiet: true);
            }
            await server.RunAsync(pipeline);
            if (pipeline.Replies.ToArray().Any(reply => !reply.IsHit))
            {
                return;
            }
        }
    }
}
