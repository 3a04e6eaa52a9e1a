using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Ratios.Feed;

/// <summary>Hydrated home feeds over gRPC, warm, against the faster of two SQL statements that give the same page; and a feed whose timeline is
/// made anew, against such a statement alone.</summary>
internal sealed class FeedBenchmark : IBenchmark
{
    private const int PageSize = 30;
    private const int AtATime = 16;
    private const int Readers = 500;
    private const int PerSecond = 500;
    private const int DefaultPosts = 1_000_000;
    private const int MemcachedMegabytes = 512;
    private const double ThroughputGoal = 10;
    private const double ColdGoal = 4;

    // No projector: nothing is written while we measure, and it would derive everything anew from what was copied.
    private const string Roles = "id,shardmap,leasecache,changes,media,feed,invalidator";

    public string About => $"home feeds of {PageSize} hydrated posts against the faster of two SQL forms; a timeline made anew (--size POSTS)";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation, MemcachedMegabytes).ConfigureAwait(false);
        await using var node = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(mesh.Postgres.ConnectionString(mesh.NodeDatabase))
        {
            MaxAutoPrepare = 4, AutoPrepareMinUsages = 2,
        });
        var data = new FeedData(report.Size ?? DefaultPosts);
        var watch = Stopwatch.StartNew();
        await data.WriteAsync(node, cancellation).ConfigureAwait(false);
        report.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Size ?? DefaultPosts:N0} posts, {data.Users:N0} users, {data.Follows:N0} follows, {FeedData.Celebrities} of them pulled, written in {watch.Elapsed.TotalSeconds:0} s"));
        var server = await mesh.ServeAsync(
            Roles, onServerCore: null, null, ("INSTA__FEED__PULLABOVE", Text(data.PullAbove)), ("INSTA__FEED__ACTIVEFIRSTFROM", Text(data.PullAbove)))
            .ConfigureAwait(false);
        using var feeds = new FeedReaders(server.Grpc, PageSize);
        try
        {
            await MeasureAsync(report, mesh, node, data, feeds, cancellation).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            throw new InvalidOperationException($"a feed failed: {e.Status}");
        }
    }

    private static async Task MeasureAsync(
        BenchmarkReport report, BenchMesh mesh, NpgsqlDataSource node, FeedData data, FeedReaders feeds, CancellationToken cancellation)
    {
        var readers = data.Readers(Readers);
        var (join, lateral) = (new SqlFeed(node, SqlFeed.Join), new SqlFeed(node, SqlFeed.Lateral));
        foreach (var reader in readers)
        {
            var expected = await lateral.ReadAsync(reader, PageSize, cancellation).ConfigureAwait(false);
            var found = (await feeds.ReadColdAsync(reader, cancellation).ConfigureAwait(false)).Items.Select(static item => item.Media.Id);
            if (!found.SequenceEqual(expected) || !expected.SequenceEqual(await join.ReadAsync(reader, PageSize, cancellation).ConfigureAwait(false)))
            {
                throw new InvalidOperationException($"the feed of {reader} is not what SQL says");
            }
        }

        var rounds = new PairedRounds(report);
        var baseline = await FasterAsync().ConfigureAwait(false);
        await rounds.RunAsync(
            report, "warm home feeds", "pages/s", ThroughputGoal,
            time => FeedReaders.SaturateAsync(readers, AtATime, time, feeds.ReadAsync, cancellation),
            time => SaturateAsync(baseline, time)).ConfigureAwait(false);
        var times = await feeds.PaceAsync(readers, PerSecond, rounds.Length * 4, cancellation).ConfigureAwait(false);
        report.AddFigure($"home feed at {PerSecond}/s, p50 in ms", times[times.Length / 2]);
        report.AddFigure($"home feed at {PerSecond}/s, p99 in ms", times[(int)Math.Ceiling(times.Length * 0.99) - 1]);

        var keys = new TimelineKey(BenchMesh.Prefix);
        using (var socket = new TimelineSocket(mesh.MemcachedProcess.Port, keys, readers))
        {
            var (bytes, entries) = socket.Memory();
            report.AddFigure("entries of a timeline, on average", (double)entries / readers.Length);
            report.AddFigure("bytes of a timeline with memcached's header, on average", (double)bytes / readers.Length);
            report.AddFigure("bytes of an entry, all included", (double)bytes / entries);
        }

        var store = new TimelineStore(mesh.Memcached, keys, new FanoutOptions(), TimeProvider.System);
        await new PairedRounds(report) { AtMost = true }.RunAsync(
            report, $"timeline of {FeedData.FolloweesOfFollower:N0} followees made anew", "ms", ColdGoal,
            time => MedianAsync(time, async reader =>
            {
                await store.DropAsync(reader, cancellation).ConfigureAwait(false);
                var timer = Stopwatch.StartNew();
                await feeds.ReadColdAsync(reader, cancellation).ConfigureAwait(false);
                return timer.Elapsed.TotalMilliseconds;
            }),
            time => MedianAsync(time, reader => lateral.MillisecondsAsync(reader, PageSize, cancellation))).ConfigureAwait(false);

        Task<double> SaturateAsync(SqlFeed sql, TimeSpan time) =>
            FeedReaders.SaturateAsync(readers, AtATime, time, (reader, ct) => sql.ReadAsync(reader, PageSize, ct), cancellation);

        async Task<SqlFeed> FasterAsync()
        {
            var (joined, laterally) = (
                await SaturateAsync(join, rounds.WarmUp).ConfigureAwait(false), await SaturateAsync(lateral, rounds.WarmUp).ConfigureAwait(false));
            report.Say(await join.ExplainAsync(readers[0], PageSize, cancellation).ConfigureAwait(false));
            report.Say(await lateral.ExplainAsync(readers[0], PageSize, cancellation).ConfigureAwait(false));
            report.AddFigure("plain join, pages/s", joined);
            report.AddFigure("LATERAL with LIMIT, pages/s", laterally);
            return joined > laterally ? join : lateral;
        }
    }

    private static async Task<double> MedianAsync(TimeSpan time, Func<long, Task<double>> milliseconds)
    {
        var watch = Stopwatch.StartNew();
        List<double> taken = [];
        while (watch.Elapsed < time)
        {
            taken.Add(await milliseconds(FeedData.UserId(taken.Count % FeedData.ColdReaders)).ConfigureAwait(false));
        }

        return Median.Of(taken).Value;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
