using System.Diagnostics;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Ratios.Fanout;

/// <summary>Posts, and waits until they are in every timeline; every round begins with the same timelines, and what is in them is read back.</summary>
internal sealed class FanoutRun(
    NpgsqlDataSource node, FanoutPeople people, TimelineSocket socket, TimelineStore store, int projector, int memcached,
    CancellationToken cancellation)
{
    private const double ExpectedPerSecond = 500_000;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    /// <summary>Processor time of the projector for each append, of each round.</summary>
    public List<double> ProjectorMicroseconds { get; } = [];

    /// <summary>The same of memcached.</summary>
    public List<double> MemcachedMicroseconds { get; } = [];

    /// <summary>From before the posts' commit (so with their way to Kafka) until every job has ended, which is stored when memcached has
    /// acknowledged everything.</summary>
    /// <returns>Appends a second.</returns>
    public async Task<double> FanOutAsync(TimeSpan time)
    {
        var posts = people.NewPosts(PostsIn(time), DateTimeOffset.UtcNow);
        socket.Fill(posts[0].Id);
        var (before, beforeMemcached) = (ProcessorTime(projector), ProcessorTime(memcached));
        var watch = Stopwatch.StartNew();
        await InsertAsync(posts).ConfigureAwait(false);
        await using var ended = node.CreateCommand("SELECT count(*) FROM fanout_jobs WHERE subject_id = ANY ($1) AND kind = 1 AND ended_at IS NOT NULL");
        ended.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. posts.Select(static post => post.Id)] });
        while ((long)(await ended.ExecuteScalarAsync(cancellation).ConfigureAwait(false))! < posts.Length)
        {
            Within(watch, "fan-out jobs have not ended");
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }

        var took = watch.Elapsed;
        var appends = posts.Length * (double)people.Readers.Length;
        ProjectorMicroseconds.Add((ProcessorTime(projector) - before).TotalMicroseconds / appends);
        MemcachedMicroseconds.Add((ProcessorTime(memcached) - beforeMemcached).TotalMicroseconds / appends);
        await VerifyAsync([.. posts.Select(static post => post.Id)]).ConfigureAwait(false);
        return appends / took.TotalSeconds;
    }

    /// <summary>As many appends to the same timelines, by one blocking socket.</summary>
    /// <returns>Appends a second.</returns>
    public Task<double> AppendRawAsync(TimeSpan time) => Task.Factory.StartNew(
        () =>
        {
            var entries = PostsIn(time);
            socket.Fill(long.MaxValue / 2);
            var watch = Stopwatch.StartNew();
            socket.AppendToAll(entries);
            return entries * (double)people.Readers.Length / watch.Elapsed.TotalSeconds;
        },
        cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>One post, by itself.</summary>
    /// <returns>From its commit until the first page of followers has it, and until all have.</returns>
    public async Task<(TimeSpan First, TimeSpan All)> PostOneAsync(int pageSize, TimeSpan limit)
    {
        // A page's appends run in its order, so its last timeline is the last that has the post.
        int[] lasts = [.. Enumerable.Range(1, people.Readers.Length / pageSize).Select(page => page * pageSize - 1), people.Readers.Length - 1];
        var request = socket.SizeRequest(lasts);
        var before = socket.Sizes(request);
        await InsertAsync(people.NewPosts(1, DateTimeOffset.UtcNow)).ConfigureAwait(false);
        var watch = Stopwatch.StartNew();
        TimeSpan? first = null;
        while (true)
        {
            var now = socket.Sizes(request);
            var there = now.Zip(before, static (after, earlier) => after > earlier).ToList();
            first ??= there.Contains(true) ? watch.Elapsed : null;
            if (!there.Contains(false))
            {
                return (first!.Value, watch.Elapsed);
            }

            if (watch.Elapsed > limit)
            {
                throw new InvalidOperationException("a post did not reach all followers");
            }
        }
    }

    private int PostsIn(TimeSpan time) => Math.Max(1, (int)(time.TotalSeconds * ExpectedPerSecond / people.Readers.Length));

    private async Task InsertAsync((long Id, long Author)[] posts)
    {
        await using var insert = node.CreateCommand("""
            WITH post AS (INSERT INTO media (id, owner_id) SELECT * FROM unnest($1::bigint[], $2::bigint[]) RETURNING id)
            INSERT INTO media_counts (media_id) SELECT id FROM post
            """);
        insert.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. posts.Select(static post => post.Id)] });
        insert.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. posts.Select(static post => post.Author)] });
        await insert.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private async Task VerifyAsync(HashSet<long> posts) => await Parallel.ForEachAsync(
        people.Readers.Index(),
        new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellation },
        async (reader, ct) =>
        {
            var timeline = await store.ReadAsync(reader.Item, ct).ConfigureAwait(false);
            var entries = timeline?.Entries.ToArray() ?? [];
            var found = entries.Count(entry => posts.Contains(entry.Id));
            var beginning = entries.Length - found;
            if (entries.Where(entry => posts.Contains(entry.Id)).Distinct().Count() != posts.Count
                || beginning != TimelineSocket.EntriesOf(reader.Index))
            {
                throw new InvalidOperationException(
                    $"the timeline of {reader.Item} has {found} of {posts.Count} new posts and {beginning} older ones");
            }
        }).ConfigureAwait(false);

    private static void Within(Stopwatch watch, string what)
    {
        if (watch.Elapsed > _limit)
        {
            throw new InvalidOperationException($"{what} within {_limit.TotalSeconds:0} s");
        }
    }

    private static TimeSpan ProcessorTime(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }
}
