using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;
using Post = InstaGrpc.Contracts.MediaV1.Media;

namespace InstaGrpc.Services.Media;

/// <summary>Posts by the beginnings of words in their captions, over all nodes: each gives its first, the first of all are the
/// page.</summary>
internal sealed class PostSearch(NodePool pool, ShardRouter router)
{
    /// <summary>One page of posts, by word, the newest of a word first.</summary>
    /// <param name="page">What is asked for.</param>
    /// <param name="caller">The user who asks: posts of users whom he has blocked or who have blocked him are left out. Null: nobody.</param>
    /// <param name="cancellation">Ends it.</param>
    public async ValueTask<SearchResponse> FindAsync(SearchPage page, long? caller, CancellationToken cancellation)
    {
        var hidden = caller is { } user ? await HiddenAsync(user, cancellation).ConfigureAwait(false) : [];
        var found = await Task.WhenAll(pool.DataNodes.Select(node => FindAsync(node, page, hidden, cancellation))).ConfigureAwait(false);
        var posts = page.Merge(found.SelectMany(static part => part), static post => post.Id, out var next);
        return new SearchResponse { Media = { posts }, NextPageToken = next };
    }

    private async ValueTask<long[]> HiddenAsync(long user, CancellationToken cancellation)
    {
        var node = await router.NodeOfAsync(user, cancellation).ConfigureAwait(false);
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(MediaSql.Hidden, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<long> hidden = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            hidden.Add(reader.GetInt64(0));
        }

        return [.. hidden];
    }

    private async Task<List<(string Term, Post Post)>> FindAsync(
        NodeName node, SearchPage page, long[] hidden, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(MediaSql.Search, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = page.From });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = page.Until });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = page.AfterId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = hidden });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = page.Prefix });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<(string, Post)> posts = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            posts.Add((reader.GetString(5), Posts.Read(reader)));
        }

        return posts;
    }
}
