using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Host.Client;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Host.Demo;

/// <summary>
/// The idea, shown: a row is updated with plain SQL, past every service, while readers ask for it all the time. Each read that begins after the
/// stream's mark has passed the commit must give the new row; PostgreSQL says how many queries that took.
/// </summary>
internal sealed class FreshnessDemo(MeshConnection mesh, NodePool postgres, ShardRouter router, StreamMarks marks)
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _scansLimit = TimeSpan.FromSeconds(10);

    // A caption of an earlier run must not be taken for one of this.
    private readonly string _run = $"demo {Guid.NewGuid():N} v";

    public sealed record Result(
        int Updates, int Late, double CommitToMarkedP50, double CommitToMarkedP99, long Reads, long Queries, long WrongAnswers, long FailedReads);

    public async Task<Result> RunAsync(long media, int readers, int updates, CancellationToken ct)
    {
        var node = await router.NodeOfAsync(media, ct);
        var source = postgres.Primary(node);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var newest = 0;
        long reads = 0, wrong = 0, failed = 0;
        var running = Enumerable.Range(0, readers).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var least = Volatile.Read(ref newest);
                try
                {
                    var answer = await mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media }, MeshConnection.AsAdmin(stop.Token));
                    if (VersionOf(answer.Media.Caption) < least) Interlocked.Increment(ref wrong);
                    Interlocked.Increment(ref reads);
                }
                catch (RpcException) when (stop.IsCancellationRequested)
                {
                }
                catch (RpcException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }, CancellationToken.None)).ToArray();

        var caption = await CaptionAsync(source, media, ct);
        var before = await ScansAsync(source, ct);
        var times = new List<double>();
        var late = 0;
        try
        {
            for (var version = 1; version <= updates; version++)
            {
                var committed = await UpdateAsync(source, media, string.Create(CultureInfo.InvariantCulture, $"{_run}{version}"), ct);
                if (await marks.WaitAsync(node, committed, _limit, ct) is { } waited)
                {
                    times.Add(waited.TotalMilliseconds);
                    // From here on every read that begins must be new.
                    Volatile.Write(ref newest, version);
                }
                else
                {
                    late++;
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
            await UpdateAsync(source, media, caption, CancellationToken.None);
        }
        // Each update looks its row up, too, and so does the one that puts the caption back.
        var queries = await ScansAsync(source, ct) - before - updates - 1;
        times.Sort();
        return new Result(updates, late, Percentile(times, 0.5), Percentile(times, 0.99), reads, queries, wrong, failed);
    }

    private int VersionOf(string caption) =>
        caption.StartsWith(_run, StringComparison.Ordinal)
        && int.TryParse(caption.AsSpan(_run.Length), CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static async Task<string> CaptionAsync(NpgsqlDataSource source, long media, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT caption FROM media WHERE id = $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
        return await command.ExecuteScalarAsync(ct) as string ?? throw new UsageException($"there is no media {media}");
    }

    private static async Task<ReplayPosition> UpdateAsync(NpgsqlDataSource source, long media, string caption, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using (var update = new NpgsqlCommand("UPDATE media SET caption = $2 WHERE id = $1", connection))
        {
            update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
            update.Parameters.Add(new NpgsqlParameter<string> { TypedValue = caption });
            await update.ExecuteNonQueryAsync(ct);
        }
        await using var position = new NpgsqlCommand(
            "SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_flush_lsn()::text", connection);
        await using var reader = await position.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return ReplayPosition.EndOf(Timeline.FromWalFileName(reader.GetString(0)), Lsn.Parse(reader.GetString(1)));
    }

    /// <summary>Look-ups of the table as PostgreSQL counts them; read until they stand still, since sessions report with a delay, or for so long (others may
    /// read it all the time).</summary>
    private static async Task<long> ScansAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        var last = -1L;
        var (begun, since) = (Stopwatch.StartNew(), Stopwatch.StartNew());
        while (true)
        {
            await using var command = source.CreateCommand("SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'media'");
            var now = (long)(await command.ExecuteScalarAsync(ct))!;
            if (now != last) since.Restart();
            if ((now == last && since.Elapsed > TimeSpan.FromSeconds(1.5)) || begun.Elapsed > _scansLimit) return now;
            last = now;
            await Task.Delay(100, ct);
        }
    }

    private static double Percentile(List<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
}
