using System.Globalization;
using Google.Protobuf;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Operations.Tests;

/// <summary>The faults that the alerts are about, made for real.</summary>
public sealed class AlertFaultTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(4);

    [ProgramFact("prometheus")]
    public async Task PostgresGoesAwayAndThenTheProcess()
    {
        await using var mesh = await ObservedMesh.StartAsync();
        var user = await mesh.NewUserAsync();

        await mesh.Postgres.CrashAsync();

        await mesh.FiresAsync("InstaErrorsElevated", Like);
        await mesh.FiresAsync("InstaErrorsHigh", Like);
        await mesh.FiresAsync("InstaStreamStopped");

        await mesh.Process.SignalAsync("KILL");
        await mesh.FiresAsync("InstaDown");

        Task Like() => mesh.Media.LikeAsync(new LikeRequest { MediaId = user }, ObservedMesh.AsUser(user)).ResponseAsync;
    }

    [ProgramFact("prometheus")]
    public async Task WritersWaitForALockAndTakeAllConnections()
    {
        await using var mesh = await ObservedMesh.StartAsync(
            variables: ("INSTA__POSTGRES__NODES__n1__PRIMARY", "{node};Maximum Pool Size=20"));
        var user = await mesh.NewUserAsync();
        // Likes of one post share a statement: each connection takes a post of its own.
        var posts = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => mesh.NewMediaAsync(user)));
        await using var source = NpgsqlDataSource.Create(mesh.Node);
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var block = new NpgsqlCommand("LOCK TABLE likes IN ACCESS EXCLUSIVE MODE", connection, transaction))
        {
            await block.ExecuteNonQueryAsync();
        }

        await mesh.FiresAsync("InstaPoolExhausted", LikeAll);
        await mesh.FiresAsync("InstaLatencyElevated", LikeAll);
        await mesh.FiresAsync("InstaLatencyHigh", LikeAll);

        Task LikeAll() => Task.WhenAll(posts.Select(post =>
            mesh.Media.LikeAsync(new LikeRequest { MediaId = post }, ObservedMesh.AsUser(user, _patience)).ResponseAsync));
    }

    [ProgramFact("prometheus")]
    public async Task ATableIsTruncatedAndThenMemcachedGoesAway()
    {
        await using var mesh = await ObservedMesh.StartAsync();
        var user = await mesh.NewUserAsync();
        var post = await mesh.NewMediaAsync(user);
        await using var source = NpgsqlDataSource.Create(mesh.Node);
        await using (var truncate = source.CreateCommand("TRUNCATE comments"))
        {
            await truncate.ExecuteNonQueryAsync();
        }

        // Nothing is read until memcached is away: thousands of hits before would keep the rate up for minutes.
        await mesh.FiresAsync("InstaNewGeneration");
        await mesh.Memcached.CrashAsync();
        await mesh.FiresAsync("InstaCacheHitRateLow", Read);

        Task Read() => mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = post }, ObservedMesh.AsUser(user)).ResponseAsync;
    }

    [ProgramFact("prometheus")]
    public async Task ManyCallsUseTheProcessorsAndTheEndOfIdsComesNear()
    {
        // How much of the processors a process can have is up to who else works here: any use. And ids that end within some centuries.
        await using var mesh = await ObservedMesh.StartAsync(static rules => rules
            .Replace("insta:cpu:share > 0.8", "insta:cpu:share > 0.01", StringComparison.Ordinal)
            .Replace("< 5 * 365 * 86400", "< 500 * 365 * 86400", StringComparison.Ordinal));
        var user = await mesh.NewUserAsync();
        var post = await mesh.NewMediaAsync(user);

        await mesh.FiresAsync("InstaIdEpochEnd");
        await mesh.FiresAsync("InstaCpuHigh", () => Task.WhenAll(Enumerable.Range(0, 200).Select(_ => ReadAsync())));

        async Task ReadAsync() => await mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = post }, ObservedMesh.AsUser(user));
    }

    [ProgramFact("prometheus", "pgrep")]
    public async Task ADecoderThatHangsLetsUploadsWait()
    {
        await using var mesh = await ObservedMesh.StartAsync(
            static rules => rules.Replace("insta_photos_waiting) > 10000", "insta_photos_waiting) > 4", StringComparison.Ordinal),
            ("INSTA__PHOTOS__DECODERS", "1"), ("INSTA__PHOTOS__DECODERTIME", "00:10:00"), ("INSTA__PHOTOS__FOLDER", "{folder}/blobs"));
        var user = await mesh.NewUserAsync();
        await UploadAsync(); // the decoder is there now
        await using var children = InstaProcess.StartProgram(
            "pgrep", null, "-P", mesh.Process.Id.ToString(CultureInfo.InvariantCulture));
        await children.ExitAsync();
        var decoder = Assert.Single(children.Output);

        await SignalAsync("STOP");
        var waiting = Enumerable.Range(0, 5).Select(_ => UploadAsync()).ToArray();
        await mesh.FiresAsync("InstaUploadQueueLong");

        // And whoever waited is served.
        await SignalAsync("CONT");
        await Task.WhenAll(waiting);

        async Task UploadAsync()
        {
            using var upload = mesh.Media.Upload(ObservedMesh.AsUser(user, ObservedMesh.Limit));
            await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = ByteString.FromBase64(ImageTests.Point) });
            await upload.RequestStream.CompleteAsync();
            await upload;
        }

        async Task SignalAsync(string signal)
        {
            await using var kill = InstaProcess.StartProgram("kill", null, "-s", signal, decoder);
            Assert.Equal(0, await kill.ExitAsync());
        }
    }

    [ProgramFact("prometheus")]
    public async Task ACommitThatWaitsForItsStandbyHoldsUpTheStreamAndKeepsTheWal()
    {
        // A thousandth of what production may keep.
        await using var mesh = await ObservedMesh.StartAsync(static rules => rules.Replace("> 1e9", "> 1e6", StringComparison.Ordinal));
        await using var source = NpgsqlDataSource.Create(mesh.Node);
        await using var connection = await source.OpenConnectionAsync();
        // Not for one that waits itself.
        await ExecuteAsync("SET synchronous_commit = local");
        await CommitHold.SetAsync(mesh.Postgres, hold: true);
        await using var held = await source.OpenConnectionAsync();
        await using var commit = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'held', '')", held);
        var committing = commit.ExecuteNonQueryAsync();

        await mesh.FiresAsync("InstaSlotWalLarge", () => ExecuteAsync("SELECT pg_logical_emit_message(true, 'filler', repeat('x', 100000))"));
        // One change in a hundred must be late by more than 2 s: the heartbeats behind the held one are.
        await HeldForAsync("10 s");
        await CommitHold.SetAsync(mesh.Postgres, hold: false);
        await committing;
        await mesh.FiresAsync("InstaStreamLag");

        async Task HeldForAsync(string time)
        {
            await using var held = new NpgsqlCommand(
                $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND clock_timestamp() - query_start > '{time}')", connection);
            using var limit = new CancellationTokenSource(ObservedMesh.Limit);
            while (await held.ExecuteScalarAsync(limit.Token) is not true)
            {
                await Task.Delay(100, limit.Token);
            }
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
