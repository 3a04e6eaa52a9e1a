using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>Whether the topic goes on where the slot does: what a publisher compares before it begins.</summary>
public sealed class ContinuationTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task ATopicThatLostItsTailIsToldAsAReset()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        using var first = EmbeddedBroker.Start();
        mesh.UseBroker(first.BootstrapServers, embedded: true);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        var (kept, told) = (reader.Position, reader.Changes.ToList());
        await mesh.UntilConfirmedAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)"));
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());

        // A broker that has the beginning only.
        using var second = EmbeddedBroker.Start();
        mesh.UseBroker(second.BootstrapServers, embedded: true);
        await mesh.Log.EnsureTopicAsync(Mesh.Node, mesh.Limit);
        await using (var producer = mesh.Log.OpenProducer(Mesh.Node))
        {
            foreach (var change in told)
            {
                await producer.ProduceAsync(change, mesh.Limit);
            }

            await producer.FlushAsync(mesh.Limit);
        }

        await mesh.StartStreamingAsync();
        await using var on = mesh.Read(ChangeStart.After(kept, told.Count - 1));
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)"));

        Assert.Equal(GapReason.Reset, Assert.Single(on.Gaps).Reason);
        Assert.Contains("before what was confirmed", on.Gaps[0].Detail);
        Assert.Equal(["3"], on.Rows.Select(row => row.New[0].Text));
    }

    [Fact]
    public async Task AResetWaitsForACommitThatIsWrittenAndNotVisible()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());
        var before = (await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value.End;
        await mesh.UntilAsync($"SELECT NOT active FROM pg_replication_slots WHERE slot_name = '{mesh.SlotName}'");
        // As if a broker had lost the tail: a Reset is due. (Making a slot waits for running transactions most of the time, and would hide the fault.)
        await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        await mesh.ExecuteAsync($"SELECT pg_replication_slot_advance('{mesh.SlotName}', pg_current_wal_insert_lsn())");
        await cluster.HoldCommitsAsync(true);
        var waiting = mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)");
        await mesh.UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')");

        mesh.StartPublisher();
        await mesh.UntilAsync("""
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'insta changes gate' AND query LIKE '%pg_current_snapshot%')
            """);
        await mesh.UntilGateLookedAsync();

        Assert.False(waiting.IsCompleted);
        Assert.Equal(before, (await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value.End);
        await cluster.HoldCommitsAsync(false);
        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await on.ReachAsync(await waiting);
        Assert.Equal(GapReason.Reset, Assert.Single(on.Gaps).Reason);
        Assert.Equal(["3"], on.Rows.Select(row => row.New[0].Text));
    }

    [Fact]
    public async Task WhatIsDecodedAndNotPublishedIsNotConfirmed()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var mesh = await Mesh.CreateAsync(_servers, cluster.Server);
        var publisher = await mesh.StartStreamingAsync(new ChangesOptions
        {
            ConfirmInterval = TimeSpan.FromMilliseconds(5),
            StopLimit = TimeSpan.FromMilliseconds(200),
        });
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        var (waiting, later) = await HeldCommit.MakeAsync(cluster, mesh, publisher);

        // Received, decoded, and time enough to confirm it again and again.
        await mesh.UntilGateLookedAsync(20);
        await reader.ReadWhileAsync(publisher.DisposeAsync().AsTask());
        await cluster.HoldCommitsAsync(false);
        await waiting;
        await mesh.StartStreamingAsync();
        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await on.ReachAsync(later);

        Assert.Empty(on.Gaps);
        Assert.Equal(["2", "3"], on.Rows.Select(row => row.New[0].Text));
    }

    [Fact]
    public async Task WhatAnotherPublishedWhileItsSlotWasWaitedForIsNotTakenForTheTopicOfANewerCopy()
    {
        await using var mesh = await Mesh.CreateAsync(_servers);
        var first = await mesh.StartStreamingAsync();
        await using var reader = mesh.Read(ChangeStart.Oldest);
        await reader.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (1, 1)"));
        await reader.ReadWhileAsync(first.DisposeAsync().AsTask());

        // One that has lost the election and does not know: it publishes on, and confirms nothing any more.
        await using var zombie = new LogicalReplicationConnection(mesh.Server.ConnectionString(mesh.NodeDatabase));
        await zombie.Open(mesh.Limit);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(mesh.Limit);
        var told = new TaskCompletionSource<(uint Xid, Lsn End, long CommitTimeUs)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var decoding = DecodeAsync(zombie, mesh.SlotName, told, ended.Token);
        await mesh.UntilAsync($"SELECT active FROM pg_replication_slots WHERE slot_name = '{mesh.SlotName}'");
        var second = mesh.StartPublisher();
        await mesh.UntilAsync("""
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'insta changes gate' AND datname = current_database()
                           AND query LIKE '%FROM pg_replication_slots WHERE slot_name%')
            """);
        var theirs = await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        var (xid, end, commitTime) = await told.Task.WaitAsync(mesh.Limit);
        await using (var producer = mesh.Log.OpenProducer(Mesh.Node))
        {
            await producer.ProduceAsync(
                new RowChange
                {
                    Position = (theirs with { Lsn = end, Index = 0 }).ToMessage(),
                    Xid = xid,
                    CommitTimeUs = commitTime,
                    Predecessor = reader.Position.ToMessage(),
                    LastInTransaction = true,
                    System = (await mesh.Log.ReadNewestAsync(Mesh.Node, mesh.Limit))!.Value.Change.System,
                    Heartbeat = new Heartbeat(),
                },
                mesh.Limit);
            await producer.FlushAsync(mesh.Limit);
        }

        await ended.CancelAsync();
        await decoding;
        await zombie.DisposeAsync();
        await second.ReachAsync(PublisherState.Streaming, mesh.Limit);
        await using var on = mesh.Read(ChangeStart.After(reader.Position, reader.Offset));
        await on.ReachAsync(await mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (3, 1)"));

        Assert.Empty(on.Gaps);
        Assert.Equal("3", on.Rows.Last().New[0].Text);

        // The first transaction that inserts something is told.
        static async Task DecodeAsync(
            LogicalReplicationConnection connection, string name, TaskCompletionSource<(uint Xid, Lsn End, long CommitTimeUs)> told,
            CancellationToken cancellationToken)
        {
            var messages = connection.StartReplication(
                new PgOutputReplicationSlot(name),
                new PgOutputReplicationOptions(name, PgOutputProtocolVersion.V1, messages: true),
                cancellationToken);
            var (xid, inserts) = (0u, false);
            try
            {
                await foreach (var message in messages)
                {
                    switch (message)
                    {
                        case BeginMessage begin:
                            (xid, inserts) = (begin.TransactionXid, false);
                            break;
                        case InsertMessage:
                            inserts = true;
                            break;
                        case CommitMessage commit when inserts:
                            var time = commit.TransactionCommitTimestamp.ToUniversalTime() - DateTime.UnixEpoch;
                            told.TrySetResult((xid, new Lsn((ulong)commit.TransactionEndLsn), time.Ticks / TimeSpan.TicksPerMicrosecond));
                            break;
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or NpgsqlException)
            {
                // Its time is over, or the other one has ended it.
            }
        }
    }
}
