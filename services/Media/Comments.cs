using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Media;

/// <summary>Comments, on the post's shard, which their ids carry too.</summary>
internal sealed class Comments(INodeReads reads, INodeWrites writes, FirstAnswers answers, IdService.IdServiceClient ids)
{
    /// <summary>Adds a comment, or gives the one that this request added before.</summary>
    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    /// <exception cref="FailedPreconditionException">The author and the post's owner are hidden from each other.</exception>
    public async ValueTask<AddCommentResponse> AddAsync(
        long media, long author, string text, string requestId, CancellationToken cancellation)
    {
        var made = await ids.NextAsync(
            new NextRequest { Shard = (uint)new InstaId(media).Shard, Count = 1 }, cancellationToken: cancellation).ConfigureAwait(false);
        var comment = new Comment { Id = made.Ids[0], MediaId = media, AuthorId = author, Text = text };
        var key = new RequestKey(media, author, requestId, "insta.media.v1.MediaService/AddComment");
        return await writes.RunAsync(
            media,
            (connection, transaction, ct) => answers.OnceAsync(transaction, key, inner => InsertAsync(connection, comment, inner), ct),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>A post's comments, newest first; one more than the page's size if there are more. They go with the post, at once: that the sweep
    /// removes their rows later is nobody's business.</summary>
    /// <exception cref="EntityNotFoundException">There is no such post (any more).</exception>
    public async ValueTask<List<Comment>> ListAsync(Page page, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(
            MediaSql.ListComments,
            new NpgsqlParameter<long> { TypedValue = page.Owner },
            new NpgsqlParameter<long> { TypedValue = page.After ?? long.MaxValue },
            new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            throw new EntityNotFoundException("media", page.Owner) { Field = "media_id" };
        }

        List<Comment> comments = [];
        if (reader.IsDBNull(0))
        {
            return comments;
        }

        do
        {
            comments.Add(new Comment
            {
                Id = reader.GetInt64(0),
                MediaId = page.Owner,
                AuthorId = reader.GetInt64(1),
                Text = reader.GetString(2),
                CreatedAt = Timestamp.FromDateTime(reader.GetDateTime(3)),
            });
        }
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false));

        comments.Sort(static (one, other) => other.Id.CompareTo(one.Id));
        return comments;
    }

    /// <summary>Deletes the user's own comment, or one on the user's own post. One that is gone already is no error: a repeated call finds it
    /// so.</summary>
    /// <exception cref="EntityNotFoundException">There is no such post.</exception>
    /// <exception cref="PermissionDeniedException">Neither the comment nor the post is the user's.</exception>
    public async ValueTask DeleteAsync(long media, long comment, long user, CancellationToken cancellation) => await writes.RunAsync(
        media,
        async (connection, transaction, ct) =>
        {
            var (owner, author) = await RightsAsync(connection, transaction, media, comment, ct).ConfigureAwait(false);
            if (author is null)
            {
                return false;
            }

            if (author != user && owner != user)
            {
                throw new PermissionDeniedException("neither the comment nor the post is the caller's");
            }

            await using var delete = Command(MediaSql.DeleteComment, connection, transaction, media, comment);
            return await delete.ExecuteNonQueryAsync(ct).ConfigureAwait(false) > 0;
        },
        cancellation).ConfigureAwait(false);

    private static async ValueTask<(long Owner, long? Author)> RightsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long media, long comment, CancellationToken cancellation)
    {
        await using var command = Command(MediaSql.CommentRights, connection, transaction, media, comment);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        return await reader.ReadAsync(cancellation).ConfigureAwait(false)
            ? (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt64(1))
            : throw new EntityNotFoundException("media", media) { Field = "media_id" };
    }

    private static async ValueTask<AddCommentResponse> InsertAsync(NpgsqlConnection connection, Comment comment, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(MediaSql.InsertComment, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = comment.MediaId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = comment.Id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = comment.AuthorId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = comment.Text });
        comment.CreatedAt = await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) switch
        {
            DateTime createdAt => Timestamp.FromDateTime(createdAt),
            DBNull => throw Posts.Hidden(),
            _ => throw new EntityNotFoundException("media", comment.MediaId) { Field = "media_id" },
        };
        return new AddCommentResponse { Comment = comment };
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, long media, long comment)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = media });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = comment });
        return command;
    }
}
