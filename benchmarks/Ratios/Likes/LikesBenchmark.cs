using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using Npgsql;

namespace InstaGrpc.Ratios.Likes;

/// <summary>One hot post and 64 likers at a time through the RPC, against a handler that updates the count's row in the like's transaction: what
/// is counted at once is locked until its commit is on disk, so the likes of a post go one by one.</summary>
internal sealed class LikesBenchmark : IBenchmark
{
    public const int Likers = 64;

    private const double Goal = 10;
    private const string PlainDatabase = "plain";
    private static readonly TimeSpan _foldLimit = TimeSpan.FromSeconds(60);

    public string About => $"likes of one post, {Likers} at a time over gRPC, against updating the row of its count in the like's transaction";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation).ConfigureAwait(false);
        var post = InstaId.Compose(1_000, shard: 7, sequence: 1);
        var owner = InstaId.Compose(1, shard: 7, sequence: 0);
        await ExecuteAsync(mesh, BenchMesh.Node, $"""
            INSERT INTO users (id, name) VALUES ({owner}, 'owner');
            INSERT INTO media (id, owner_id) VALUES ({post}, {owner});
            INSERT INTO media_counts (media_id) VALUES ({post})
            """, cancellation).ConfigureAwait(false);

        // The same tables, indexes and rows in the same cluster; nobody streams from there.
        await mesh.CopyNodeDatabaseAsync(PlainDatabase, cancellation).ConfigureAwait(false);
        if (!Machine.MoveToOtherCore(Environment.ProcessId))
        {
            report.Say("servers and likers are not pinned to cores of their own (one core, or no taskset)");
        }

        // Counts are folded while we measure: by the process of the other roles.
        var others = await mesh.ServeAsync("all", onServerCore: false).ConfigureAwait(false);
        var server = await mesh.ServeAsync("media", onServerCore: true, others).ConfigureAwait(false);
        var (plain, plainGrpc) = await PlainLikes.StartAsync(mesh.Postgres.ConnectionString(PlainDatabase)).ConfigureAwait(false);
        await using var _ = plain.ConfigureAwait(false);
        using var ours = new LikerCrowd(server.Grpc, post, Likers);
        using var theirs = new LikerCrowd(plainGrpc, post, Likers);
        try
        {
            await new PairedRounds(report).RunAsync(
                report, "likes of one post", "likes/s", Goal,
                time => ours.RunAsync(time, cancellation),
                time => theirs.RunAsync(time, cancellation)).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            throw new InvalidOperationException($"a like failed: {e.Status}");
        }

        await CheckAsync(mesh, report, post, ours.Answered, theirs.Answered, cancellation).ConfigureAwait(false);
    }

    /// <summary>Every like that was answered is a row, and is counted.</summary>
    private static async Task CheckAsync(
        BenchMesh mesh, BenchmarkReport report, long post, long ours, long theirs, CancellationToken cancellation)
    {
        var (likes, count) = ($"SELECT count(*) FROM likes WHERE media_id = {post}", $"SELECT likes FROM media_counts WHERE media_id = {post}");
        await using var plain = NpgsqlDataSource.Create(mesh.Postgres.ConnectionString(PlainDatabase));
        Expect("baseline's rows", theirs, await QueryAsync(plain, likes, cancellation).ConfigureAwait(false));
        Expect("baseline's count", theirs, await QueryAsync(plain, count, cancellation).ConfigureAwait(false));
        await using var node = NpgsqlDataSource.Create(mesh.Postgres.ConnectionString(mesh.NodeDatabase));
        Expect("rows", ours, await QueryAsync(node, likes, cancellation).ConfigureAwait(false));
        var transactions = await QueryAsync(
            node, $"SELECT count(DISTINCT xmin::text) FROM likes WHERE media_id = {post}", cancellation).ConfigureAwait(false);
        report.AddFigure("likes of one transaction, on average", (double)ours / transactions);

        var watch = Stopwatch.StartNew();
        while (await QueryAsync(node, count, cancellation).ConfigureAwait(false) is var counted && counted != ours)
        {
            if (watch.Elapsed > _foldLimit)
            {
                Expect("count", ours, counted);
            }

            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }

        report.AddFigure("all counted after the last one, ms", watch.Elapsed.TotalMilliseconds);
    }

    private static void Expect(string what, long expected, long found)
    {
        if (expected != found)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"{what}: {found}, but {expected} likes were answered"));
        }
    }

    private static async Task ExecuteAsync(BenchMesh mesh, string node, FormattableString sql, CancellationToken cancellation)
    {
        await using var connection = await mesh.Nodes.OpenAsync(new(node), cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FormattableString.Invariant(sql), connection);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task<long> QueryAsync(NpgsqlDataSource database, string sql, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }
}
