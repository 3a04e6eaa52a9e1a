using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Ratios.Fanout;

/// <summary>From posts committed in PostgreSQL, through the stream, to the timelines of all followers in one memcached, against the same appends
/// sent by a socket loop that decides nothing; and how soon a single post is there.</summary>
internal sealed class FanoutBenchmark : IBenchmark
{
    private const double MillionsGoal = 0.5;
    private const double RatioGoal = 0.4;
    private const double FirstGoal = 50;
    private const double AllGoal = 250;
    private const int MemcachedMegabytes = 1_024;
    private const int SinglePosts = 300;
    private static readonly int _pageSize = new FanoutOptions().BatchSize;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    public string About =>
        $"posts to the timelines of {FanoutPeople.Followers:N0} followers each, appends/s from the row change on, against raw pipelined appends";

    public async Task RunAsync(BenchmarkReport report, CancellationToken cancellation)
    {
        await using var mesh = await BenchMesh.StartAsync(apacheKafka: false, cancellation, MemcachedMegabytes).ConfigureAwait(false);
        var people = new FanoutPeople();
        await using var node = NpgsqlDataSource.Create(mesh.Postgres.ConnectionString(mesh.NodeDatabase));
        await using (var connection = await node.OpenConnectionAsync(cancellation).ConfigureAwait(false))
        {
            await people.WriteAsync(connection, cancellation).ConfigureAwait(false);
        }

        var changes = await mesh.ServeAsync("id,shardmap,leasecache,changes,media,feed,invalidator", onServerCore: null).ConfigureAwait(false);
        var projector = await mesh.ServeAsync("projector", onServerCore: null, changes).ConfigureAwait(false);
        var keys = new TimelineKey(BenchMesh.Prefix);
        using var socket = new TimelineSocket(mesh.MemcachedProcess.Port, keys, people.Readers);
        var run = new FanoutRun(
            node, people, socket, new TimelineStore(mesh.Memcached, keys, new FanoutOptions(), TimeProvider.System), projector.Id,
            mesh.MemcachedProcess.ProcessId, cancellation);

        List<double> millions = [];
        await new PairedRounds(report).RunAsync(
            report, "fan-out", "appends/s", RatioGoal,
            async time =>
            {
                var perSecond = await run.FanOutAsync(time).ConfigureAwait(false);
                millions.Add(perSecond / 1e6);
                return perSecond;
            },
            run.AppendRawAsync).ConfigureAwait(false);

        // Not against a baseline: the goal is a number. The first was the warm-up.
        var (value, low, high) = Median.Of(millions.Skip(1));
        report.AddRatio(new Ratio("million appends/s", value, [low, high], MillionsGoal));
        report.AddFigure("projector, processor µs an append", Median.Of(run.ProjectorMicroseconds.Skip(1)).Value);
        report.AddFigure("memcached, processor µs an append", Median.Of(run.MemcachedMicroseconds.Skip(1)).Value);
        report.AddFigure("projector, resident MiB", Mebibytes(projector.Id));
        report.AddFigure("memcached, resident MiB", Mebibytes(mesh.MemcachedProcess.ProcessId));
        await TimeSinglePostsAsync(report, run, cancellation).ConfigureAwait(false);
    }

    private static async Task TimeSinglePostsAsync(BenchmarkReport report, FanoutRun run, CancellationToken cancellation)
    {
        var posts = report.Seconds is { } seconds ? Math.Max(10, (int)(seconds * 10)) : SinglePosts;
        List<double> first = [], all = [];
        for (var i = 0; i < posts; i++)
        {
            var (firstPage, lastPage) = await run.PostOneAsync(_pageSize, _limit).ConfigureAwait(false);
            first.Add(firstPage.TotalMilliseconds);
            all.Add(lastPage.TotalMilliseconds);

            // Not a wait for anything: the posts of the next are apart from those of the last.
            await Task.Delay(50, cancellation).ConfigureAwait(false);
        }

        Add("first followers", first, FirstGoal);
        Add($"all {FanoutPeople.Followers:N0} followers", all, AllGoal);

        void Add(string whose, List<double> times, double goal)
        {
            times.Sort();
            var p99 = times[(int)Math.Ceiling(times.Count * 0.99) - 1];
            report.AddFigure($"a post in the feeds of {whose}, p50 in ms after the commit", times[times.Count / 2]);
            report.AddRatio(new Ratio($"a post in the feeds of {whose}, p99 in ms after the commit", p99, [p99, p99], goal, AtMost: true));
        }
    }

    private static double Mebibytes(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.WorkingSet64 / (1024.0 * 1024);
    }
}
