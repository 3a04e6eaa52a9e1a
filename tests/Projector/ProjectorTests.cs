using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.Projector.Internal;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class ProjectorTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task EveryCountAndEdgeIsExactAlthoughTheProjectorIsKilledAgainAndAgain()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        var traffic = new Traffic(nodes, seed: 1);
        for (var life = 0; life < 3; life++)
        {
            await using var process = nodes.StartProjectorProcess();
            await traffic.RunAsync(60);
            await nodes.SettleAsync();
            await traffic.RunAsync(40);
            // With something in its hands.
            await process.KillAsync();
            await traffic.RunAsync(20);
        }

        await nodes.StartProjectorAsync();
        await nodes.SettleAsync();
        await nodes.VerifyAsync();
    }

    [Fact]
    public async Task RecordsThatComeTwiceCountOnce()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        nodes.Settings["Insta:Changes:ConfirmInterval"] = "00:10:00";
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var traffic = new Traffic(nodes, seed: 2);
        for (var round = 0; round < 4; round++)
        {
            await traffic.RunAsync(40);
            await nodes.SettleAsync();
            // Nothing was confirmed: all of it comes again.
            foreach (var node in nodes.Pool.DataNodes)
            {
                await nodes.ExecuteAsync(node,
                    """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'insta changes' AND datname = current_database()
                        """);
            }
        }

        await nodes.SettleAsync();
        await nodes.VerifyAsync();
    }

    [Fact]
    public async Task AfterAGapAllIsDerivedAnewFromTheRows()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        var changes = await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var traffic = new Traffic(nodes, seed: 3);
        await traffic.RunAsync(60);
        await nodes.SettleAsync();

        await nodes.StopAsync(changes);
        foreach (var node in nodes.Pool.DataNodes)
        {
            await nodes.ExecuteAsync(node,
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()");
        }

        // Nobody ever publishes these.
        await traffic.RunAsync(60);
        await nodes.StartChangesAsync();
        await traffic.RunAsync(60);

        await nodes.SettleAsync();
        await nodes.VerifyAsync();
    }

    [Fact]
    public async Task ARebuildBesideALivingProjectorRepairsAndCountsNothingTwice()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var traffic = new Traffic(nodes, seed: 4);
        await traffic.RunAsync(80);
        await nodes.SettleAsync();
        foreach (var node in nodes.Pool.DataNodes)
        {
            await nodes.ExecuteAsync(node, $"""
                UPDATE media_counts SET likes = likes + 100;
                UPDATE user_counts SET media = 7, followers = 7, following = 7;
                DELETE FROM followers WHERE follower_id % 2 = 0;
                INSERT INTO followers (followee_id, follower_id) SELECT id, id FROM users ON CONFLICT DO NOTHING;
                DELETE FROM blocked_by WHERE blocker_id % 2 = 0;
                DELETE FROM fanout_jobs WHERE kind = 1 AND subject_id % 2 = 0;
                DELETE FROM notifications WHERE actor_id % 2 = 0;
                DELETE FROM search_terms WHERE length(term) = 3;
                INSERT INTO search_terms (subject_id, kind, term) SELECT id, 2, 'wrong' FROM media;
                """);
        }

        var more = traffic.RunAsync(150);
        var steps = new List<RebuildProgress>();
        foreach (var node in nodes.Pool.DataNodes)
        {
            await nodes.Rebuild.RunAsync(node, new Steps(steps), nodes.Limit);
        }

        await more;
        await nodes.SettleAsync();
        await nodes.VerifyAsync();
        Assert.Equal(
            ["counts", "edges", "blocks", "follower counts", "fan-out jobs", "notifications", "words"], steps.Select(step => step.Step).Distinct());
        Assert.Contains(steps, step => step is { Step: "counts", Done: 8192, Total: 8192, Changed: > 0 });

        // A second one finds nothing to do.
        steps.Clear();
        await nodes.Rebuild.RunAsync(TwoNodes.One, new Steps(steps), nodes.Limit);
        Assert.All(steps, step => Assert.Equal(0, step.Changed));
    }

    [Fact]
    public async Task ADeletedUsersCountsDoNotComeBackWithTheEndOfWhatHeDid()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var (gone, here, other) = (nodes.Users[0], nodes.Users[2], nodes.Users[1]);
        var post = TwoNodes.PostOf(gone, 1);
        await nodes.ExecuteAsync(gone, $"""
            INSERT INTO media (id, owner_id) VALUES ({post}, {gone}); INSERT INTO media_counts (media_id) VALUES ({post});
            INSERT INTO follows (follower_id, followee_id) VALUES ({gone}, {here}), ({gone}, {other}), ({here}, {gone})
            """);
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        // As the sweep may leave it: the row of counts is gone before the projector has seen that his follows and his post are; a last follow
        // of him was under way.
        await nodes.ExecuteAsync(gone, $"""
            UPDATE users SET deleted_at = now() WHERE id = {gone};
            UPDATE media SET deleted = true, deleted_at = now() WHERE id = {post}; DELETE FROM media_counts WHERE media_id = {post};
            DELETE FROM follows WHERE {gone} IN (follower_id, followee_id);
            DELETE FROM user_counts WHERE user_id = {gone}
            """);
        await nodes.ExecuteAsync(other, $"INSERT INTO follows (follower_id, followee_id) VALUES ({other}, {gone})");
        await nodes.SettleAsync();
        Assert.Equal(0L, await CountsOfAsync());
        await nodes.ExecuteAsync(other, $"DELETE FROM follows WHERE followee_id = {gone}");
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        // A rebuild neither makes one nor leaves one that there is.
        await nodes.Rebuild.RunAsync(TwoNodes.One, null, nodes.Limit);
        Assert.Equal(0L, await CountsOfAsync());
        await nodes.ExecuteAsync(gone, $"INSERT INTO user_counts (user_id, following) VALUES ({gone}, -2)");
        await nodes.Rebuild.RunAsync(TwoNodes.One, null, nodes.Limit);
        Assert.Equal(0L, await CountsOfAsync());

        Task<long> CountsOfAsync() => nodes.QueryAsync<long>(TwoNodes.One, $"SELECT count(*) FROM user_counts WHERE user_id = {gone}");
    }

    [Fact]
    public async Task ASnapshotThatIsNoPrefixOfTheStreamLosesAndDoublesNothing()
    {
        await using var cluster = new Cluster();
        await cluster.StartAsync();
        await using var nodes = await TwoNodes.CreateAsync(_servers, cluster.Server);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var owner = nodes.Users[0];
        var post = TwoNodes.PostOf(owner, 1);
        await nodes.ExecuteAsync(owner, $"INSERT INTO media (id, owner_id) VALUES ({post}, {owner})");
        await nodes.SettleAsync();
        await cluster.HoldCommitsAsync(true);

        // Earlier in the stream and invisible; later in the stream and visible.
        var waiting = nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) VALUES ({post}, 1)");
        while (!await nodes.QueryAsync<bool>(TwoNodes.One,
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE 'INSERT INTO likes%')"))
        {
            await Task.Delay(5, nodes.Limit);
        }

        await using (var local = await nodes.OpenAsync(TwoNodes.One))
        {
            await using var set = new Npgsql.NpgsqlCommand("SET synchronous_commit = local", local);
            await set.ExecuteNonQueryAsync(nodes.Limit);
            await using var insert = new Npgsql.NpgsqlCommand($"INSERT INTO likes (media_id, user_id) VALUES ({post}, 2)", local);
            await insert.ExecuteNonQueryAsync(nodes.Limit);
        }

        // The rebuild's own commit would wait as well.
        var rebuilding = nodes.Rebuild.RunAsync(TwoNodes.One, null, nodes.Limit);
        while (!await nodes.QueryAsync<bool>(TwoNodes.One,
            """
                SELECT EXISTS (SELECT FROM pg_stat_activity
                               WHERE wait_event = 'SyncRep' AND query LIKE 'COMMIT%' AND datname = current_database())
                """))
        {
            await Task.Delay(5, nodes.Limit);
        }

        Assert.False(waiting.IsCompleted);
        await cluster.HoldCommitsAsync(false);
        await waiting;
        await rebuilding;
        await nodes.SettleAsync();
        await nodes.VerifyAsync();
        Assert.Equal(2L, await nodes.QueryAsync<long>(TwoNodes.One, $"SELECT likes FROM media_counts WHERE media_id = {post}"));
    }

    [Fact]
    public async Task DeletedRevivedMovedAndBulkRowsAreFoldedAndCopiedOnesAreNot()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var (owner, other) = (nodes.Users[0], nodes.Users[2]);
        var (first, second) = (TwoNodes.PostOf(owner, 1), TwoNodes.PostOf(owner, 2));
        await nodes.ExecuteAsync(owner, $"INSERT INTO media (id, owner_id) VALUES ({first}, {owner}), ({second}, {owner})");
        await nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) SELECT {first}, n FROM generate_series(1, 5) n");
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        await nodes.ExecuteAsync(owner, $"UPDATE media SET deleted = true, deleted_at = now() WHERE id = {first}");
        await nodes.ExecuteAsync(owner, $"UPDATE media SET caption = 'still deleted' WHERE id = {first}");
        await nodes.ExecuteAsync(owner, $"UPDATE likes SET media_id = {second} WHERE user_id = 1");
        await nodes.SettleAsync();
        await nodes.VerifyAsync();
        Assert.Equal(1L, await nodes.QueryAsync<long>(TwoNodes.One, $"SELECT media FROM user_counts WHERE user_id = {owner}"));

        await nodes.ExecuteAsync(owner, $"UPDATE media SET deleted = false, deleted_at = NULL WHERE id = {first}");
        await nodes.ExecuteAsync(owner, $"UPDATE media SET owner_id = {other} WHERE id = {second}");
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        await nodes.ExecuteAsync(owner, $"TRUNCATE likes");
        await nodes.ExecuteAsync(owner, $"DELETE FROM media WHERE id = {second}");
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        var origin = $"copy {nodes.Settings["Insta:Prefix"]}";
        await using (var connection = await nodes.OpenAsync(TwoNodes.One))
        {
            foreach (var sql in new[]
            {
                $"SELECT pg_replication_origin_create('{origin}'); SELECT pg_replication_origin_session_setup('{origin}')",
                $"INSERT INTO likes (media_id, user_id) VALUES ({first}, 99)",
                $"SELECT pg_replication_origin_session_reset(); SELECT pg_replication_origin_drop('{origin}')",
            })
            {
                await using var command = new Npgsql.NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync(nodes.Limit);
            }
        }

        await nodes.SettleAsync();
        Assert.Equal(0L, await nodes.QueryAsync<long>(TwoNodes.One, $"SELECT likes FROM media_counts WHERE media_id = {first}"));
    }

    [Fact]
    public async Task AWorkerThatWasOvertakenWritesNothing()
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        var post = TwoNodes.PostOf(nodes.Users[0], 1);
        await nodes.ExecuteAsync(post, $"INSERT INTO media (id, owner_id) VALUES ({post}, {nodes.Users[0]})");
        var zombie = new TargetStore(nodes.Pool, TwoNodes.One, TwoNodes.One, nodes.NodeOf, 1_000_000, TimeProvider.System);
        await zombie.BeginAsync(At(100), nodes.Limit);
        var owner = new TargetStore(nodes.Pool, TwoNodes.One, TwoNodes.One, nodes.NodeOf, 1_000_000, TimeProvider.System);
        await owner.ReadAsync(nodes.Limit);
        var like = new LoggedChange(
            new RowChange
            {
                Position = At(200).Position.ToMessage(),
                LastInTransaction = true,
                Xid = 5,
                Row = new Row { Table = "likes", Operation = RowOperation.Insert, New = { Id("media_id", post), Id("user_id", 1) } },
            },
            7,
            0);
        await owner.ApplyAsync([like], At(200), null, SourceTexts.None, nodes.Limit);

        await Assert.ThrowsAsync<ProjectorSupersededException>(() => zombie.ApplyAsync([like], At(200), null, SourceTexts.None, nodes.Limit));
        await Assert.ThrowsAsync<ProjectorSupersededException>(() => zombie.BeginAsync(At(300), nodes.Limit));
        await owner.ApplyAsync([like], At(200), null, SourceTexts.None, nodes.Limit);

        Assert.Equal(1L, await nodes.QueryAsync<long>(TwoNodes.One, $"SELECT likes FROM media_counts WHERE media_id = {post}"));

        static StreamPosition At(ulong lsn) => new(ReplayPosition.EndOf(new Timeline(1), new Lsn(lsn)), 1, 7);

        static Column Id(string name, long value)
            => new() { Name = name, Type = 20, Text = value.ToString(System.Globalization.CultureInfo.InvariantCulture) };
    }

    private sealed class Steps(List<RebuildProgress> steps) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => steps.Add(value);
    }
}
