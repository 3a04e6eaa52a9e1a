using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.Invalidator.Internal;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Invalidator.Tests;

/// <summary>The orders that the cache protocol relies on, each with the watermark as the step before has left it.</summary>
public sealed class OrderTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task HiRisesBeforeTheMarksAndLoAndTheDropFollowTheirAnswers()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers, proxied: true);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var host = await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;
        await mesh.PutAsync(media.Encode(["42"]), generation);
        Assert.True(host.Services.GetRequiredService<DropHub>().TryFind(mesh.Node, out var drops));
        var watcher = drops.Watch();

        // The server runs the pipeline, and the lineage does not hear of it.
        var marking = mesh.Proxy!.HoldRepliesFrom("md ");
        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        await marking.WaitAsync(Mesh.Limit);
        await GoneAsync(mesh, media.Encode(["42"]), generation);
        var between = (await mesh.WatermarkAsync())!;
        Assert.True(between.Hi >= changed, $"a key is marked while hi ({between.Hi}) does not cover the change at {changed}");
        Assert.True(between.Lo < changed, $"lo ({between.Lo}) covers the change at {changed} before its marks are answered");
        Assert.False(watcher.Reader.TryRead(out _));
        var sent = mesh.Proxy.Sent;
        Assert.InRange(sent.LastIndexOf("ms ", sent.IndexOf("md ", StringComparison.Ordinal), StringComparison.Ordinal), 0, int.MaxValue);

        mesh.Proxy.ReleaseReplies();
        await mesh.WatermarkAsync(w => w.Lo >= changed);
        var drop = await watcher.Reader.ReadAsync().AsTask().WaitAsync(Mesh.Limit);
        Assert.Contains(media.Encode(["42"]).Hash, drop.KeyHashes);
    }

    [Fact]
    public async Task ASuccessorGoesOnFromLoAndKeepsAHiThatIsFurther()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var first = await mesh.StartInvalidatorAsync();
        await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        await first.StopAsync();
        var left = (await mesh.WatermarkAsync())!;
        await mesh.PutAsync(media.Encode(["42"]), left.Generation);

        // It died between raising hi and the marks.
        var far = ReplayPosition.EndOf(mesh.Stream.Timeline, new Lsn(mesh.Stream.End.Lsn.Value + 1_000_000));
        await mesh.LeaveAsync(left with { Hi = far });
        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        await mesh.StartInvalidatorAsync();
        var after = await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(media.Encode(["42"]), left.Generation)).IsHit);
        Assert.Equal(left.Generation, after.Generation);
        Assert.True(after.Lo < far, $"lo was raised to hi: {after.Lo}");
        Assert.Equal(far, after.Hi);
    }

    [Fact]
    public async Task ASuccessorThatDoesNotKnowAContractThatReadersRelyOnWaitsForIt()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var first = await mesh.StartInvalidatorAsync();
        await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        await first.StopAsync();
        var left = (await mesh.WatermarkAsync())!;
        var user = mesh.KeysOf(new ContractNumber(media.Number.Epoch, 2), "test.Users/Get", "users", "id");
        await mesh.LeaveAsync(left with { Contracts = user.Number });
        await mesh.PutAsync(user.Encode(["42"]), left.Generation);
        var changed = await mesh.Stream.UpdateAsync("users", ("id", "42"));

        var log = new LogLines();
        await mesh.StartInvalidatorAsync(log);
        await log.UntilAsync("readers rely on contracts up to 2");
        Assert.Equal(left.Owner, (await mesh.WatermarkAsync())!.Owner);
        await mesh.AnnounceAndPublishAsync("test.Users/Get", "users", "id");
        await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.False((await mesh.LookAsync(user.Encode(["42"]), left.Generation)).IsHit);
    }

    [Fact]
    public async Task AWatermarkOfAnotherDirectorysLifeBeginsAGeneration()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var first = await mesh.StartInvalidatorAsync();
        await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        await first.StopAsync();
        var left = (await mesh.WatermarkAsync())!;
        await mesh.LeaveAsync(left with { Contracts = new ContractNumber(media.Number.Epoch + 1, 1) });

        await mesh.StartInvalidatorAsync();

        await mesh.WatermarkAsync(w => w.Generation != left.Generation && w.Contracts == media.Number);
    }

    [Fact]
    public async Task ANewGenerationIsToldToThoseWhoWatch()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var host = await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(_ => true);
        Assert.True(host.Services.GetRequiredService<DropHub>().TryFind(mesh.Node, out var drops));
        var watcher = drops.Watch();

        await mesh.Stream.TruncateAsync("media");
        var drop = await watcher.Reader.ReadAsync().AsTask().WaitAsync(Mesh.Limit);

        Assert.True(drop.Everything);
        Assert.NotEqual(before.Generation, (await mesh.WatermarkAsync())!.Generation);
    }

    private static async Task GoneAsync(Mesh mesh, Caching.Keys.CacheKey key, ulong generation)
    {
        using var limit = new CancellationTokenSource(Mesh.Limit);
        while ((await mesh.LookAsync(key, generation)).IsHit)
        {
            await Task.Delay(2, limit.Token);
        }
    }
}
