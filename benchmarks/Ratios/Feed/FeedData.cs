using System.Globalization;
using InstaGrpc.Contracts.Ids;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Ratios.Feed;

/// <summary>Users, whom they follow, and posts, the same at every run, written to the node by COPY. Twenty posts a user on average. Whom one
/// follows is drawn by popularity (Zipf); the three most popular are celebrities, whom four of five follow.</summary>
internal sealed class FeedData
{
    public const int Celebrities = 3;

    /// <summary>Followees of the readers whose timelines are made anew.</summary>
    public const int FolloweesOfFollower = 1_000;

    private const int PostsOfUser = 20;
    private const int MostFollowees = 199; // 100 on average
    private const double CelebrityShare = 0.8;
    private const long FirstPost = 10L * 24 * 3_600_000;
    private const long LastPost = 310L * 24 * 3_600_000;

    private readonly int _posts;
    private readonly int _users;
    private readonly double[] _popularity;

    public FeedData(int posts)
    {
        (_posts, _users) = (posts, Math.Max(posts / PostsOfUser, FolloweesOfFollower * 2));
        _popularity = new double[_users];
        var sum = 0.0;
        for (var rank = 0; rank < _users; rank++)
        {
            _popularity[rank] = sum += 1.0 / (rank + 1);
        }
    }

    public int Users => _users;

    /// <summary>Followers above which nothing is pushed: of these users, only the celebrities have more.</summary>
    public int PullAbove => (int)(_users * CelebrityShare * 0.9);

    /// <summary>Edges that were written.</summary>
    public long Follows { get; private set; }

    public static long UserId(int number) => InstaId.Compose(1, number % InstaId.Shards, number / InstaId.Shards);

    /// <summary>Some users, evenly spread over all, who follow as many as most do.</summary>
    public long[] Readers(int count) => [.. Enumerable.Range(0, count).Select(i => UserId(ColdReaders + i * ((_users - ColdReaders) / count)))];

    /// <summary>The first users: they follow <see cref="FolloweesOfFollower"/>.</summary>
    public const int ColdReaders = 20;

    public async Task WriteAsync(NpgsqlDataSource node, CancellationToken cancellation)
    {
        var followers = new long[_users];
        var following = new long[_users];
        await using var connection = await node.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await CopyAsync("users (id, name)", 0, _users, static (row, user) =>
        {
            row.Write(UserId(user), NpgsqlDbType.Bigint);
            row.Write(string.Create(CultureInfo.InvariantCulture, $"user{user}"), NpgsqlDbType.Text);
        }).ConfigureAwait(false);

        var random = new Random(1);
        await using (var import = await BeginAsync("follows (follower_id, followee_id)").ConfigureAwait(false))
        {
            for (var user = 0; user < _users; user++)
            {
                foreach (var followee in FolloweesOf(user, random))
                {
                    import.StartRow();
                    import.Write(UserId(user), NpgsqlDbType.Bigint);
                    import.Write(UserId(followee), NpgsqlDbType.Bigint);
                    followers[followee]++;
                    following[user]++;
                    Follows++;
                }
            }

            await import.CompleteAsync(cancellation).ConfigureAwait(false);
        }

        await CopyAsync("user_counts (user_id, media, followers, following)", 0, _users, (row, user) =>
        {
            row.Write(UserId(user), NpgsqlDbType.Bigint);
            row.Write((long)PostsOfUser, NpgsqlDbType.Bigint);
            row.Write(followers[user], NpgsqlDbType.Bigint);
            row.Write(following[user], NpgsqlDbType.Bigint);
        }).ConfigureAwait(false);

        var authors = new Random(2);
        List<long> ids = new(_posts);
        await CopyAsync("media (id, owner_id, caption, created_at)", 0, _posts, (row, post) =>
        {
            var author = authors.Next(_users);
            var milliseconds = FirstPost + (LastPost - FirstPost) / _posts * post;
            ids.Add(InstaId.Compose(milliseconds, author % InstaId.Shards, post % InstaId.Sequences));
            row.Write(ids[^1], NpgsqlDbType.Bigint);
            row.Write(UserId(author), NpgsqlDbType.Bigint);
            row.Write("What a day at the lake: the boats, the light, and nobody else there.", NpgsqlDbType.Text);
            row.Write((InstaId.Epoch + TimeSpan.FromMilliseconds(milliseconds)).UtcDateTime, NpgsqlDbType.TimestampTz);
        }).ConfigureAwait(false);
        await CopyAsync("media_counts (media_id, likes, comments)", 0, _posts, (row, post) =>
        {
            row.Write(ids[post], NpgsqlDbType.Bigint);
            row.Write(post % 100L, NpgsqlDbType.Bigint);
            row.Write(post % 10L, NpgsqlDbType.Bigint);
        }).ConfigureAwait(false);
        await using var vacuum = new NpgsqlCommand("VACUUM (ANALYZE) users, follows, user_counts, media, media_counts", connection)
        {
            CommandTimeout = 0,
        };
        await vacuum.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);

        async Task<NpgsqlBinaryImporter> BeginAsync(string table)
        {
            var import = await connection.BeginBinaryImportAsync($"COPY {table} FROM STDIN (FORMAT binary)", cancellation).ConfigureAwait(false);
            import.Timeout = TimeSpan.FromMinutes(10);
            return import;
        }

        async Task CopyAsync(string table, int from, int to, Action<NpgsqlBinaryImporter, int> write)
        {
            await using var import = await BeginAsync(table).ConfigureAwait(false);
            for (var i = from; i < to; i++)
            {
                import.StartRow();
                write(import, i);
            }

            await import.CompleteAsync(cancellation).ConfigureAwait(false);
        }
    }

    private IEnumerable<int> FolloweesOf(int user, Random random)
    {
        var most = user < ColdReaders ? FolloweesOfFollower : 1 + random.Next(MostFollowees);
        HashSet<int> followees = [];
        for (var celebrity = 0; celebrity < Celebrities; celebrity++)
        {
            if (random.NextDouble() < CelebrityShare)
            {
                followees.Add(celebrity);
            }
        }

        while (followees.Count < most)
        {
            var at = Array.BinarySearch(_popularity, random.NextDouble() * _popularity[^1]);
            followees.Add(Math.Min(at < 0 ? ~at : at, _users - 1));
        }

        followees.Remove(user);
        return followees.Order();
    }
}
