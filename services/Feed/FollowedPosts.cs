using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>One query for each node, all nodes at a time.</summary>
internal sealed class FollowedPosts(NodePool pool, ShardRouter router, FanoutOptions options) : IFollowedPosts
{
    public async ValueTask<TimelineContent> ToBuildAsync(long user, CancellationToken cancellation)
    {
        var followees = await FolloweesAsync(user, cancellation).ConfigureAwait(false);
        var parts = await OnEachNodeAsync(followees, BuildPartAsync, cancellation).ConfigureAwait(false);

        var cap = options.TimelineCap;
        List<long> posts = [.. parts.SelectMany(static part => part.Posts).OrderDescending()];

        // A node that gave as many as it may can have more below its last, which is at or below the last that is kept here.
        var isAll = posts.Count <= cap && parts.All(part => part.Posts.Count < cap);
        if (posts.Count > cap)
        {
            posts.RemoveRange(cap, posts.Count - cap);
        }

        return new TimelineContent(posts, [.. parts.SelectMany(static part => part.Pulled)], isAll ? 0 : posts[^1] - 1);
    }

    public async ValueTask<IReadOnlyList<long>> BeforeAsync(
        IEnumerable<long> authors, long before, int most, CancellationToken cancellation)
    {
        var parts = await OnEachNodeAsync(authors, PartBeforeAsync, cancellation).ConfigureAwait(false);
        return [.. parts.SelectMany(static part => part).OrderDescending().Take(most)];

        async Task<List<long>> PartBeforeAsync(NpgsqlConnection connection, long[] some, CancellationToken ct)
        {
            await using var command = new NpgsqlCommand(FeedSql.NewestBefore, connection);
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = some });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = before });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
            return await ReadIdsAsync(command, ct).ConfigureAwait(false);
        }
    }

    private async ValueTask<List<long>> FolloweesAsync(long user, CancellationToken cancellation)
    {
        var node = await router.NodeOfAsync(user, cancellation).ConfigureAwait(false);
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FeedSql.Followees, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        return await ReadIdsAsync(command, cancellation).ConfigureAwait(false);
    }

    private async Task<Part> BuildPartAsync(NpgsqlConnection connection, long[] authors, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(FeedSql.NewestToBuild, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = authors });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = options.PullAbove });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = options.TimelineCap });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var part = new Part([], []);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            (reader.GetBoolean(0) ? part.Pulled : part.Posts).Add(reader.GetInt64(1));
        }

        return part;
    }

    private async Task<T[]> OnEachNodeAsync<T>(
        IEnumerable<long> authors, Func<NpgsqlConnection, long[], CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        var map = await router.GetAsync(cancellation).ConfigureAwait(false);
        return await Task.WhenAll(authors.GroupBy(map.NodeOf).Select(ReadAsync)).ConfigureAwait(false);

        async Task<T> ReadAsync(IGrouping<NodeName, long> share)
        {
            await using var connection = await pool.OpenAsync(share.Key, cancellation).ConfigureAwait(false);
            return await read(connection, [.. share], cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<List<long>> ReadIdsAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<long> ids = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private sealed record Part(List<long> Posts, List<long> Pulled);
}
