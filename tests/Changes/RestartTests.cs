using System.Diagnostics;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Changes.Tests;

public sealed class RestartTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task APublisherThatIsKilledAgainAndAgainLosesAndReordersNothing()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        var process = mesh.StartProcess();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        // The Reset: from here on the slot has everything.
        await reader.NextAsync();
        var written = 0;
        ReplayPosition last = default;
        for (var life = 0; life < 3; life++)
        {
            for (var row = 0; row < 100; row++)
            {
                last = await mesh.ExecuteAsync($"INSERT INTO likes (media_id, user_id) VALUES ({++written}, 1), ({written}, 2)");
            }

            // In the middle of what it was given.
            await process.KillAsync();
            last = await mesh.ExecuteAsync($"INSERT INTO likes (media_id, user_id) VALUES ({++written}, 1), ({written}, 2)");
            process = mesh.StartProcess();
        }

        await reader.ReachAsync(last);
        await process.DisposeAsync();

        AssertOnlyTheFirstReset(reader);
        Assert.Equal(
            Enumerable.Range(1, written).SelectMany(media => new[] { $"{media} 1", $"{media} 2" }),
            reader.Rows.Select(row => $"{row.New[0].Text} {row.New[1].Text}"));
    }

    [Fact]
    public async Task AConnectionThatBreaksLosesAndReordersNothing()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        ReplayPosition last = default;
        for (var row = 1; row <= 300; row++)
        {
            last = await mesh.ExecuteAsync($"INSERT INTO likes (media_id, user_id) VALUES ({row}, 1)");
            if (row % 60 == 0)
            {
                var which = row % 120 == 0 ? "insta changes" : "insta changes gate";
                await mesh.ExecuteAsync($"""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = '{which}' AND datname = current_database()
                    """);
            }
        }

        await reader.ReachAsync(last);

        AssertOnlyTheFirstReset(reader);
        Assert.Equal(Enumerable.Range(1, 300).Select(row => row.ToString()), reader.Rows.Select(row => row.New[0].Text));
    }

    [Fact]
    public async Task ASecondPublisherStandsByAndTakesOver()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        var first = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        var second = mesh.StartPublisher();
        await second.ReachAsync(PublisherState.StandingBy, mesh.Limit);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));

        await reader.ReadWhileAsync(first.DisposeAsync().AsTask());
        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await second.ReachAsync(PublisherState.Streaming, mesh.Limit);
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));

        Assert.Equal("2", Assert.Single(on.Rows).New[0].Text);
        Assert.Empty(on.Gaps);
    }

    [Fact]
    public async Task AFastShutdownDoesNotWaitForThePublisherAndTheStreamGoesOnAfterIt()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));

        var watch = Stopwatch.StartNew();
        await cluster.Server.StopAsync();

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await cluster.StartServerAsync();
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));
        Assert.Equal(["1", "2"], reader.Rows.Select(row => row.New[0].Text));
        Assert.Equal([GapReason.Reset], reader.Gaps.Select(gap => gap.Reason));
    }

    [Fact]
    public async Task AServerThatCrashesLosesNothingOfTheStream()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)");

        await cluster.Server.CrashAsync();
        await cluster.StartServerAsync();
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));

        Assert.Equal(["1", "2"], reader.Rows.Select(row => row.New[0].Text));
        Assert.Equal([GapReason.Reset], reader.Gaps.Select(gap => gap.Reason));
    }

    [Fact]
    public async Task APromotionIsToldAsAReset()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));

        await cluster.Server.StopAsync();
        await cluster.StartPromotedAsync();
        var after = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        await reader.ReachAsync(after);

        Assert.Equal(2u, after.Timeline.Value);
        Assert.Equal([GapReason.Reset, GapReason.Reset], reader.Gaps.Select(gap => gap.Reason));
        Assert.Contains("promoted", reader.Gaps[1].Detail);
        Assert.Equal(2u, reader.Gaps[1].ResumeFrom.Timeline.Value);
        // What the slot does not remember as confirmed comes again; PostgreSQL 15 writes that down with the next other change of the slot.
        Assert.Equal(["1", "2"], reader.Rows.Select(row => row.New[0].Text).Distinct());
    }

    [Fact]
    public async Task AnOldCopyOfTheDataIsToldAsAResetAlthoughItsPositionsAreOlder()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await cluster.SaveAsync();
        await reader.ReachAsync(await mesh.ExecuteAsync(
            "INSERT INTO comments (media_id, id, author_id, text) SELECT 1, n, 1, '' FROM generate_series(1, 2000) n"));
        await publisher.DisposeAsync();
        await cluster.Server.StopAsync();
        var before = reader.Position;

        await cluster.RestoreAsync();
        await mesh.StartStreamingAsync();
        var old = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        Assert.True(old < before);
        await reader.FindAsync(change => change.Row is { Table: "likes" } row && row.New[0].Text == "2");

        Assert.Contains("old copy", reader.Gaps[^1].Detail);
        Assert.True(reader.Gaps[^1].ResumeFrom < before);
    }

    [Fact]
    public async Task AnOldCopyThatHasGrownPastTheTopicsEndBeforeAnybodyLookedIsToldAsAReset()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await cluster.SaveAsync();
        var lost = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        await reader.ReachAsync(lost);
        await publisher.DisposeAsync();
        await cluster.Server.StopAsync();

        await cluster.RestoreAsync();
        await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)");
        await cluster.ExecuteAsync("SELECT pg_switch_wal()");
        Assert.True(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (4, 1)") > reader.Position);
        await mesh.StartStreamingAsync();
        await reader.FindAsync(change => change.Row is { Table: "likes" } row && row.New[0].Text == "4");

        Assert.Contains("old copy", reader.Gaps[^1].Detail);
        Assert.Equal(["1", "2", "3", "4"], reader.Rows.Select(row => row.New[0].Text).Distinct());
    }

    [Fact]
    public async Task AfterAnOrderlyStopTheStreamGoesOnWithoutAGapOnANewEmbeddedBroker()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        using var first = EmbeddedBroker.Start();
        mesh.UseBroker(first.BootstrapServers, embedded: true);
        var publisher = await mesh.StartStreamingAsync();
        ReplayPosition kept;
        await using (var reader = mesh.Read(ChangeStart.Oldest))
        {
            await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
            await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());
            kept = reader.Position;
        }

        await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        using var second = EmbeddedBroker.Start();
        mesh.UseBroker(second.BootstrapServers, embedded: true);
        await mesh.StartStreamingAsync();
        await using var on = mesh.Read(ChangeStart.After(kept, 1_000));
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)"));

        Assert.Equal(["2", "3"], on.Rows.Select(row => row.New[0].Text));
        Assert.Empty(on.Gaps);
    }

    [Fact]
    public async Task WhatABrokerLostAfterItWasConfirmedIsAGap()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        using var first = EmbeddedBroker.Start();
        mesh.UseBroker(first.BootstrapServers, embedded: true);
        var publisher = await mesh.StartStreamingAsync();
        ReplayPosition kept;
        await using (var reader = mesh.Read(ChangeStart.Oldest))
        {
            await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
            kept = reader.Position;
        }

        // Nobody reads this one, and PostgreSQL is told that Kafka has it. (Stopped before that, a publisher leaves it to the next one.)
        await mesh.UntilConfirmedAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));
        await publisher.DisposeAsync();
        using var second = EmbeddedBroker.Start();
        mesh.UseBroker(second.BootstrapServers, embedded: true);
        await mesh.StartStreamingAsync();
        await using var on = mesh.Read(ChangeStart.After(kept, 0));
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)"));

        Assert.Equal([GapReason.Missing], on.Gaps.Select(gap => gap.Reason));
        Assert.Equal(["3"], on.Rows.Select(row => row.New[0].Text));
    }

    /// <summary>Before the rows are compared: whatever was announced may miss rows, and says why.</summary>
    private static void AssertOnlyTheFirstReset(StreamReader reader) => Assert.Equal(
        ["Reset: the slot was made anew"],
        reader.Gaps.Select(gap => $"{gap.Reason}: {gap.Detail}")
            .Concat(reader.Changes.Where(change => change.SchemaChange is not null).Select(change => change.ToString())));
}
