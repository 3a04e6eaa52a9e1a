using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Changes.Internal;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Changes.Tests;

public sealed class VisibilityTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private const string _visible = "SELECT string_agg(media_id::text, ',' ORDER BY media_id) FROM likes";
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task ACommitThatOthersDoNotSeeYetIsNotPublishedNorIsWhatComesAfterIt()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));

        var (waiting, later) = await HeldCommit.MakeAsync(cluster, mesh, publisher);

        // Both are decoded; the second is visible, the first is not; the publisher had every chance.
        await mesh.UntilGateLookedAsync();
        Assert.Equal("1,3", await mesh.QueryAsync<string>(_visible));
        Assert.True((await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value.End < later);
        Assert.False(waiting.IsCompleted);

        await cluster.HoldCommitsAsync(false);
        await waiting;
        await reader.ReachAsync(later);
        Assert.Equal(["1", "2", "3"], reader.Rows.Select(row => row.New[0].Text));
        Assert.Single(reader.Gaps);
    }

    [Fact]
    public async Task AResetIsNotSentWhileACommitWaitsThatTheNewSlotMayHaveMissed()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());
        await mesh.UntilAsync($"""
            SELECT count(pg_drop_replication_slot(slot_name)) = 1 FROM pg_replication_slots
            WHERE slot_name = '{mesh.SlotName}' AND NOT active
            """);
        await cluster.HoldCommitsAsync(true);
        var waiting = mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        await mesh.UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')");

        mesh.StartPublisher();
        // Either still making the slot, which may wait for the transaction, or made it and looking whether everything is visible.
        await mesh.UntilAsync("""
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'insta changes gate'
                           AND (query LIKE '%pg_current_snapshot%' OR query LIKE '%pg_create_logical%' AND wait_event_type = 'Lock'))
            """);
        Assert.Equal(reader.Position, (await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value.End);
        Assert.False(waiting.IsCompleted);
        await cluster.HoldCommitsAsync(false);
        await waiting;

        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await on.NextAsync();
        Assert.Equal(GapReason.Reset, Assert.Single(on.Gaps).Reason);
        Assert.Equal("1,2", await mesh.QueryAsync<string>(_visible));
    }

    [Fact]
    public async Task ALostSlotIsMadeAnewAndToldAsAReset()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());
        await cluster.ExecuteAsync("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'; SELECT pg_reload_conf()");
        await mesh.UntilAsync("SELECT current_setting('max_slot_wal_keep_size') = '1MB'");
        await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        for (var segment = 0; segment < 4; segment++)
        {
            await cluster.ExecuteAsync("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))");
            await cluster.ExecuteAsync("SELECT pg_switch_wal(); CHECKPOINT");
        }

        await mesh.UntilAsync($"SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{mesh.SlotName}'");
        await mesh.StartStreamingAsync();
        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)"));

        Assert.Equal(GapReason.Reset, Assert.Single(on.Gaps).Reason);
        Assert.Equal("3", Assert.Single(on.Rows).New[0].Text);
    }

    [Theory]
    [InlineData("100:105:101,103", 99, true)]
    [InlineData("100:105:101,103", 101, false)]
    [InlineData("100:105:101,103", 102, true)]
    [InlineData("100:105:101,103", 105, false)]
    [InlineData("100:100:", 99, true)]
    [InlineData("100:100:", 100, false)]
    public void ASnapshotTellsWhatIsVisible(string snapshot, ulong xid, bool visible) =>
        Assert.Equal(visible, SnapshotView.Parse(snapshot).IsVisible(xid));

    [Theory]
    // Below, at and above xmax, on both sides of the wrap.
    [InlineData("10:1000:", 999u, 999UL)]
    [InlineData("10:1000:", 1005u, 1005UL)]
    [InlineData("4294967300:4294967400:", 90u, 4294967386UL)]
    [InlineData("4294967300:4294967400:", 4294967290u, 4294967290UL)]
    [InlineData("4294967280:4294967290:", 5u, 4294967301UL)]
    public void ATransactionNumberIsWidenedToTheNearestOfXmax(string snapshot, uint xid, ulong wide) =>
        Assert.Equal(wide, SnapshotView.Parse(snapshot).Widen(xid));

    [Fact]
    public async Task TheWidenedNumberIsPostgreSqls()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);

        var xid = await mesh.QueryAsync<string>(
            "WITH i AS (INSERT INTO likes (media_id, user_id) VALUES (1, 1) RETURNING 1) SELECT pg_current_xact_id()::text FROM i");

        Assert.Equal(xid, (await reader.FindAsync(change => change.EventCase == RowChange.EventOneofCase.Row)).Xid.ToString());
    }
}
