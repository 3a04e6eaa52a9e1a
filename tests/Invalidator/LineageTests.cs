using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.Services.Invalidator.Internal;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Invalidator.Tests;

public sealed class LineageTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ASuccessorTakesTheGenerationOverAndAppliesWhatCameBetween()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var first = await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(w => w.Contracts.Number == 1);
        await mesh.PutAsync(media.Encode(["42"]), before.Generation);
        await first.StopAsync();

        var changed = await mesh.Stream.UpdateAsync("media", ("id", "42"));
        await mesh.StartInvalidatorAsync();
        var after = await mesh.WatermarkAsync(w => w.Lo >= changed);

        Assert.Equal(before.Generation, after.Generation);
        Assert.True(after.Owner > before.Owner);
        Assert.False((await mesh.LookAsync(media.Encode(["42"]), after.Generation)).IsHit);
    }

    [Fact]
    public async Task AServerThatIsAwayIsSaidOnceHoweverOftenItIsTried()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var log = new LogLines();
        await mesh.StartInvalidatorAsync(log);
        await mesh.WatermarkAsync(_ => true);
        var server = mesh.Memcached.Single();
        using var interruptions = new Interruptions(server.Address);

        await server.CrashAsync();
        // What the lineage has to write: with nothing to say it would not notice that nobody listens.
        await mesh.Stream.HeartbeatAsync();
        await interruptions.UntilAsync(6);

        // The connection that broke, and then the one that nobody takes.
        Assert.InRange(log.Count($"Invalidation of {server.Address}"), 1, 3);
        await using var again = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = server.Port });
        await mesh.WatermarkAsync(_ => true);
    }

    [Fact]
    public async Task OfTwoOneWaitsAndTakesOverWhenTheOthersSessionEnds()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(_ => true);
        await mesh.StartInvalidatorAsync();

        // Both are up; the waiting one has its session, too. End the holder's.
        await mesh.Directory.ExecuteAsync(
            """
            SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND a.application_name = 'insta invalidator'
            """);
        var after = await mesh.WatermarkAsync(w => w.Owner > before.Owner);

        Assert.Equal(before.Generation, after.Generation);
    }

    [Fact]
    public async Task AWatermarkWithAHigherOwnerEndsTheLineageWhichThenNumbersItselfAboveIt()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.StartInvalidatorAsync();
        var own = await mesh.WatermarkAsync(_ => true);

        // What another lineage's takeover looks like.
        var foreign = own with { Owner = own.Owner + 1000 };
        await mesh.Pool.Servers[0].SetAsync(Caching.Keys.KeyLayout.Watermark(mesh.Prefix, mesh.Node), foreign.ToBytes(), new());

        var after = await mesh.WatermarkAsync(w => w.Owner > foreign.Owner);
        Assert.Equal(own.Generation, after.Generation);
    }

    [Fact]
    public async Task AServerThatComesBackEmptyGetsANewGeneration()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        await mesh.StartInvalidatorAsync();
        var before = await mesh.WatermarkAsync(_ => true);

        await mesh.Pool.Servers[0].DeleteAsync(Caching.Keys.KeyLayout.Watermark(mesh.Prefix, mesh.Node));

        var after = await mesh.WatermarkAsync(w => w.Generation != before.Generation);
        Assert.True(after.Lo >= before.Lo);
    }

    [Fact]
    public async Task AServerThatIsAwayDoesNotHoldUpTheOther()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers, memcached: 2);
        await mesh.StartInvalidatorAsync();
        await mesh.WatermarkAsync(_ => true, server: 0);
        await mesh.WatermarkAsync(_ => true, server: 1);

        await mesh.Memcached[1].DisposeAsync();
        var later = await mesh.Stream.HeartbeatAsync();

        await mesh.WatermarkAsync(w => w.Lo >= later, server: 0);
    }

    [Fact]
    public async Task WatchersHearOfAKeyOnlyAfterItIsGoneFromMemcached()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var media = await mesh.AnnounceAndPublishAsync("test.Media/Get", "media", "id");
        var host = await mesh.StartInvalidatorAsync();
        var generation = (await mesh.WatermarkAsync(w => w.Contracts.Number == 1)).Generation;
        Assert.True(host.Services.GetRequiredService<DropHub>().TryFind(mesh.Node, out var drops));
        var watcher = drops.Watch();

        for (var n = 0; n < 50; n++)
        {
            var key = media.Encode([$"{n}"]);
            await mesh.PutAsync(key, generation);
            await mesh.Stream.UpdateAsync("media", ("id", $"{n}"));
            WatchDropsResponse message;
            do
            {
                message = await watcher.Reader.ReadAsync().AsTask().WaitAsync(Mesh.Limit);
            }
            while (!message.KeyHashes.Contains(key.Hash));
            Assert.False((await mesh.LookAsync(key, generation)).IsHit);
        }
    }

    [Fact]
    public async Task AWatcherThatDoesNotReadLosesItsStream()
    {
        using var drops = new NodeDrops(owner: 1, queue: 4);
        var watcher = drops.Watch();

        for (var n = 0; n < 6; n++)
        {
            drops.Publish("127.0.0.1:1", ReplayPosition.Origin, [(ulong)n], everything: false);
        }

        for (var n = 0; n < 4; n++)
        {
            Assert.True(watcher.Reader.TryRead(out _));
        }
        Assert.False(await watcher.Reader.WaitToReadAsync());
    }

    /// <summary>Counts the attempts that failed on one server, by the role's own metric.</summary>
    private sealed class Interruptions : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly string _server;
        private int _count;

        public Interruptions(string server)
        {
            _server = server;
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "insta.invalidator.interruptions")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            {
                foreach (var tag in tags)
                {
                    if (tag.Key == "server" && (string?)tag.Value == _server)
                    {
                        Interlocked.Increment(ref _count);
                    }
                }
            });
            _listener.Start();
        }

        public async Task UntilAsync(int times)
        {
            using var limit = new CancellationTokenSource(Mesh.Limit);
            while (Volatile.Read(ref _count) < times)
            {
                await Task.Delay(5, limit.Token);
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
