using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>Who likes a post, on the post's shard. Liking twice is liking once.</summary>
internal sealed class Likes(INodeReads reads, INodeWrites writes, IWriteTokens tokens, LikeBatches batches)
{
    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    /// <exception cref="FailedPreconditionException">The user and the post's owner are hidden from each other.</exception>
    public async ValueTask LikeAsync(long media, long user, CancellationToken cancellation)
    {
        var token = await batches.LikeAsync(media, user, cancellation).ConfigureAwait(false);
        foreach (var (node, position) in token.Positions)
        {
            tokens.Add(node, position);
        }
    }

    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    public async ValueTask UnlikeAsync(long media, long user, CancellationToken cancellation) => await writes.RunAsync(
        media,
        async (connection, transaction, ct) =>
        {
            await using var command = new NpgsqlCommand(MediaSql.Unlike, connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
            return (bool)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!
                ? true
                : throw new EntityNotFoundException("media", media) { Field = "media_id" };
        },
        cancellation).ConfigureAwait(false);

    /// <summary>One answer for each id, in their order; false for a post that does not exist.</summary>
    public async ValueTask<IReadOnlyList<MediaLike>> OfAsync(IReadOnlyList<long> media, long user, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(
            MediaSql.HasLiked, new NpgsqlParameter<long[]> { TypedValue = [.. media] }, new NpgsqlParameter<long> { TypedValue = user });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var liked = new HashSet<long>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            liked.Add(reader.GetInt64(0));
        }

        return [.. media.Select(id => new MediaLike { MediaId = id, Liked = liked.Contains(id) })];
    }
}
