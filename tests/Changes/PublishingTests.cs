using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Changes.Tests;

public sealed class PublishingTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task RowsComeInCommitOrderWithEndPositionsThatAWritersTokenReaches()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);

        var first = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 10), (1, 11), (1, 12)");
        await reader.ReachAsync(first);
        var second = await mesh.ExecuteAsync("DELETE FROM likes WHERE user_id = 11");
        await reader.ReachAsync(second);

        Assert.Equal(
            ["Insert new media_id=1 user_id=10", "Insert new media_id=1 user_id=11", "Insert new media_id=1 user_id=12",
                "Delete old media_id=1 user_id=11"],
            reader.Rows.Select(Describe));
        var rows = reader.Events.Where(change => change.Row is not null).ToList();
        Assert.Equal([0u, 1u, 2u, 0u], rows.Select(change => change.Position.Index));
        Assert.Equal([false, false, true, true], rows.Select(change => change.LastInTransaction));
        Assert.InRange(rows[0].Position.Lsn, 1UL, first.Lsn.Value);
        Assert.InRange(rows[3].Position.Lsn, first.Lsn.Value, second.Lsn.Value);
        Assert.All(rows, change => Assert.True(change.Xid > 0 && change.System != 0 && change.Position.Timeline == 1));
        Assert.InRange(
            DateTimeOffset.UnixEpoch.AddMicroseconds(rows[0].CommitTimeUs), DateTimeOffset.UtcNow.AddMinutes(-5),
                DateTimeOffset.UtcNow.AddMinutes(5));
    }

    [Fact]
    public async Task APositionIsTheEndOfTheCommitNotItsStart()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        var tokens = new HashSet<ulong>();
        ReplayPosition last = default;
        for (var write = 1; write <= 100; write++)
        {
            last = await mesh.ExecuteAsync($"INSERT INTO likes (media_id, user_id) VALUES ({write}, 1)");
            tokens.Add(last.Lsn.Value);
        }

        await reader.ReachAsync(last);

        // Others write to this cluster, so a token may be further than its commit; but never is a token a commit's start.
        Assert.Contains(reader.Changes, change => change.Row is not null && tokens.Contains(change.Position.Lsn));
    }

    [Fact]
    public async Task AnUpdateCarriesOldIdentityNewValuesAndSaysWhatDidNotChange()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.ExecuteAsync("""
            CREATE TABLE pairs (id bigint NOT NULL, topic bigint NOT NULL, body text, PRIMARY KEY (id, topic));
            CREATE TABLE notes (id bigint NOT NULL, body text);
            ALTER TABLE notes ALTER body SET STORAGE EXTERNAL;
            ALTER TABLE notes REPLICA IDENTITY FULL;
            """);
        var pairs = await Contracts.AnnounceAsync(mesh, "pairs", "topic");
        var notes = await Contracts.AnnounceAsync(mesh, "notes", "id");
        await mesh.StartStreamingAsync();
        await Contracts.UntilAsync(mesh, pairs, "published");
        await Contracts.UntilAsync(mesh, notes, "published");
        await using var reader = mesh.Read(ChangeStart.Oldest);

        await mesh.ExecuteAsync("INSERT INTO pairs VALUES (1, 2, 'not published')");
        await mesh.ExecuteAsync("UPDATE pairs SET topic = 7");
        await mesh.ExecuteAsync("UPDATE pairs SET body = 'no'");
        await mesh.ExecuteAsync("INSERT INTO notes VALUES (3, repeat('x', 5000)), (4, NULL)");
        await reader.ReachAsync(await mesh.ExecuteAsync("UPDATE notes SET id = 5 WHERE id = 3"));

        var rows = reader.Rows.ToList();
        var text = new string('x', 5000);
        Assert.Equal(
            [
                "Insert new id=1 topic=2",
                "Update old id=1 topic=2 new id=1 topic=7",
                "Update new id=1 topic=7",
                $"Insert new id=3 body={text}",
                "Insert new id=4 body=null",
                $"Update old id=3 body={text} new id=5 body=unchanged",
            ],
            rows.Select(Describe));
        Assert.Equal([20u, 25u], rows[3].New.Select(column => column.Type));
    }

    [Fact]
    public async Task TruncateTraceOriginAndSchemaChangesComeThrough()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        var origin = $"moved {mesh.Name}";

        await mesh.ExecuteAsync("""
            BEGIN;
            SELECT pg_logical_emit_message(true, 'insta.trace', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
            INSERT INTO likes (media_id, user_id) VALUES (1, 10);
            COMMIT;
            TRUNCATE likes, comments;
            """);
        await using (var connection = await mesh.OpenAsync())
        {
            await mesh.ExecuteAsync(connection,
                $"SELECT pg_replication_origin_create('{origin}'); SELECT pg_replication_origin_session_setup('{origin}')");
            await mesh.ExecuteAsync(connection, "INSERT INTO likes (media_id, user_id) VALUES (2, 20)");
            await mesh.ExecuteAsync(connection,
                $"SELECT pg_replication_origin_session_reset(); SELECT pg_replication_origin_drop('{origin}')");
        }

        await mesh.ExecuteAsync("CREATE TABLE unrelated (id int)");
        await mesh.ExecuteAsync("DROP TABLE unrelated");
        await reader.ReachAsync(await mesh.ExecuteAsync("ALTER TABLE media ADD COLUMN place text DEFAULT 'here'"));

        var events = reader.Events.ToList();
        Assert.Equal(
            [RowChange.EventOneofCase.Row, RowChange.EventOneofCase.Truncate, RowChange.EventOneofCase.Row,
                RowChange.EventOneofCase.SchemaChange],
            events.Select(change => change.EventCase));
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", events[0].Traceparent);
        Assert.Equal(["comments", "likes"], events[1].Truncate.Tables.Order());
        Assert.Equal(origin, events[2].Origin);
        Assert.Equal("", events[0].Origin);
        Assert.Equal(("ALTER TABLE", "media"), (events[3].SchemaChange.Command, Assert.Single(events[3].SchemaChange.Tables)));
    }

    [Fact]
    public async Task ATransactionThatIsTooLargeBecomesOneBulkRecord()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync(new ChangesOptions { BulkBytes = 100_000 });
        await using var reader = mesh.Read(ChangeStart.Oldest);

        await mesh.ExecuteAsync("""
            BEGIN;
            INSERT INTO likes (media_id, user_id) SELECT 1, n FROM generate_series(1, 2000) n;
            INSERT INTO follows (follower_id, followee_id) VALUES (1, 2);
            COMMIT;
            """);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));

        var events = reader.Events.ToList();
        Assert.Equal([RowChange.EventOneofCase.Bulk, RowChange.EventOneofCase.Row], events.Select(change => change.EventCase));
        Assert.Equal(["follows", "likes"], events[0].Bulk.Tables);
        Assert.True(events[0].LastInTransaction);
    }

    [Fact]
    public async Task AnIdleStreamMovesByItselfAndATokenPastTheLastCommitIsReachedSoon()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync(new ChangesOptions { HeartbeatInterval = TimeSpan.FromMinutes(10) });
        await using var reader = mesh.Read(ChangeStart.Oldest);

        // Nothing that is published, and no heartbeat due: the WAL being ahead is what brings the next one.
        var written = await mesh.ExecuteAsync("CREATE TABLE unrelated (id int); INSERT INTO unrelated SELECT generate_series(1, 100)");
        await reader.ReachAsync(written);

        Assert.All(reader.Changes, change => Assert.Equal(RowChange.EventOneofCase.Heartbeat, change.EventCase));
    }

    [Fact]
    public async Task TheHeartbeatsOfTwoDatabasesOfOneClusterDoNotKeepEachOtherBusy()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var one = await Mesh.CreateAsync(_servers, cluster.Server);
        await using var other = await Mesh.CreateAsync(_servers, cluster.Server);
        var options = new ChangesOptions { HeartbeatInterval = TimeSpan.FromMinutes(10) };
        await one.StartStreamingAsync(options);
        await other.StartStreamingAsync(options);
        await using var reader = one.Read(ChangeStart.Oldest);
        await other.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)");
        await reader.ReachAsync(await one.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));

        // Each catches up with the other's; each time after twice the pause.
        var before = reader.Changes.Count;
        while (reader.Changes.Count < before + 6)
        {
            await reader.NextAsync();
        }

        var times = reader.Changes.Skip(before).Take(6).Select(change => change.CommitTimeUs).ToList();
        Assert.True(times[^1] - times[0] > 150_000, $"6 heartbeats within {times[^1] - times[0]} µs");
    }

    [Fact]
    public async Task WhatIsAcknowledgedIsConfirmedAndAnOrderlyStopConfirmsAll()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        var before = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)");
        await mesh.UntilConfirmedAsync(before);
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());

        var newest = (await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value;
        Assert.Equal(
            newest.End.Lsn.ToString(),
            await mesh.QueryAsync<string>(
                $"SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = '{mesh.SlotName}'"));
        await mesh.UntilAsync($"SELECT NOT active FROM pg_replication_slots WHERE slot_name = '{mesh.SlotName}'");
    }

    internal static string Describe(Row row)
    {
        var parts = new List<string> { row.Operation.ToString() };
        if (row.Old.Count > 0)
        {
            parts.Add("old " + string.Join(' ', row.Old.Select(Describe)));
        }

        if (row.New.Count > 0)
        {
            parts.Add("new " + string.Join(' ', row.New.Select(Describe)));
        }

        return string.Join(' ', parts);
    }

    private static string Describe(Column column) => column.Name + "=" + column.ValueCase switch
    {
        Column.ValueOneofCase.Text => column.Text,
        Column.ValueOneofCase.Null => "null",
        Column.ValueOneofCase.Unchanged => "unchanged",
        _ => "?",
    };
}
