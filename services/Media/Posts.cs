using Google.Protobuf.WellKnownTypes;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using Npgsql;
using NpgsqlTypes;
using Post = InstaGrpc.Contracts.MediaV1.Media;

namespace InstaGrpc.Services.Media;

/// <summary>Posts: a caption and photos of one user, on the user's shard.</summary>
internal sealed class Posts(
    INodeReads reads, INodeWrites writes, FirstAnswers answers, BlobRows blobRows, EdgePurges purges, IdService.IdServiceClient ids)
{
    /// <summary>Makes a post, or gives the one that this request made before.</summary>
    /// <exception cref="EntityNotFoundException">There is no such user.</exception>
    /// <exception cref="InvalidFieldException">There is no such photo.</exception>
    public async ValueTask<CreateMediaResponse> CreateAsync(
        long owner, string caption, IReadOnlyList<BlobId> blobs, string requestId, CancellationToken cancellation)
    {
        // Before the transaction, so that none waits for another service; a repeated request wastes an id.
        var made = await ids.NextAsync(new NextRequest { ForUserId = owner, Count = 1 }, cancellationToken: cancellation).ConfigureAwait(false);
        var post = new Post { Id = made.Ids[0], OwnerId = owner, Caption = caption };
        await HoldAsync(post, blobs, cancellation).ConfigureAwait(false);
        var key = new RequestKey(owner, owner, requestId, "insta.media.v1.MediaService/CreateMedia");
        return await writes.RunAsync(
            owner,
            (connection, transaction, ct) => answers.OnceAsync(transaction, key, inner => InsertAsync(connection, post, inner), ct),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Null: there is none, or it was deleted.</summary>
    public async ValueTask<Post?> GetAsync(long id, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(MediaSql.Get, new NpgsqlParameter<long> { TypedValue = id });
        return (await ReadAsync(command, cancellation).ConfigureAwait(false)).SingleOrDefault();
    }

    /// <summary>Null: there is no such post, not even a deleted one.</summary>
    public async ValueTask<GetPhotosResponse?> PhotosAsync(long id, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(MediaSql.Photos, new NpgsqlParameter<long> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            return null;
        }

        var found = new GetPhotosResponse { Deleted = reader.GetBoolean(0) };
        if (!found.Deleted)
        {
            PhotoList.Read(reader.GetString(1), found.Photos);
        }

        return found;
    }

    /// <summary>Those of the ids that exist, in the order of the ids.</summary>
    public async ValueTask<IReadOnlyList<Post>> GetAsync(IReadOnlyList<long> ids, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(MediaSql.GetMany, new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
        var found = (await ReadAsync(command, cancellation).ConfigureAwait(false)).ToDictionary(static post => post.Id);
        return [.. ids.Where(found.ContainsKey).Select(id => found[id])];
    }

    /// <summary>A user's posts, newest first; one more than the page's size if there are more.</summary>
    public async ValueTask<List<Post>> ListAsync(Page page, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(
            MediaSql.ListByOwner,
            new NpgsqlParameter<long> { TypedValue = page.Owner },
            new NpgsqlParameter<long> { TypedValue = page.After ?? long.MaxValue },
            new NpgsqlParameter<int> { TypedValue = page.Size + 1 });
        return await ReadAsync(command, cancellation).ConfigureAwait(false);
    }

    /// <summary>Ids of the newest posts of each user, also of those who have none.</summary>
    public async ValueTask<IReadOnlyList<NewestMedia>> NewestAsync(IReadOnlyList<long> users, int most, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(
            MediaSql.Newest, new NpgsqlParameter<long[]> { TypedValue = [.. users] }, new NpgsqlParameter<int> { TypedValue = most + 1 });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var found = new Dictionary<long, NewestMedia>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var (user, ids) = (reader.GetInt64(0), reader.GetFieldValue<long[]>(1));
            found[user] = new NewestMedia { UserId = user, MediaIds = { ids.Take(most) }, Complete = ids.Length <= most };
        }

        return [.. users.Select(user => found[user])];
    }

    /// <summary>Leaves a tombstone. Deleting it once more does nothing.</summary>
    /// <exception cref="EntityNotFoundException">There never was such a post.</exception>
    /// <exception cref="PermissionDeniedException">It is another user's.</exception>
    public async ValueTask DeleteAsync(long id, long user, CancellationToken cancellation)
    {
        var photos = await BuryAsync(id, user, cancellation).ConfigureAwait(false);
        purges.Soon(id, photos);
    }

    /// <summary>Who is hidden from a post's owner does nothing with the post.</summary>
    internal static FailedPreconditionException Hidden() => new("you and the post's author can't see each other: one has blocked the other");

    private ValueTask<IReadOnlyList<Photo>> BuryAsync(long id, long user, CancellationToken cancellation) => writes.RunAsync(
        id,
        async (connection, transaction, ct) =>
        {
            var (owner, deleted, photos) = await LockAsync(connection, transaction, id, ct).ConfigureAwait(false);
            if (owner != user)
            {
                throw new PermissionDeniedException("the post is another user's");
            }

            if (!deleted)
            {
                await using var bury = new NpgsqlCommand(MediaSql.Bury, connection, transaction);
                bury.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
                await bury.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            return photos;
        },
        cancellation);

    /// <summary>Before the post is written: a photo that it shows can't be swept away. A hold whose post is never made is swept.</summary>
    private async ValueTask HoldAsync(Post post, IReadOnlyList<BlobId> blobs, CancellationToken cancellation)
    {
        for (var i = 0; i < blobs.Count; i++)
        {
            var (width, height) = await blobRows.HoldAsync(blobs[i], post.Id, cancellation).ConfigureAwait(false)
                ?? throw new InvalidFieldException($"blob_ids[{i}]", "is no photo that is stored here: upload it (again, if that was a day ago)");
            post.Photos.Add(new Photo { BlobId = blobs[i].Hex, Width = (uint)width, Height = (uint)height });
        }
    }

    private static async ValueTask<(long Owner, bool Deleted, IReadOnlyList<Photo> Photos)> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long id, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(MediaSql.LockOwner, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            throw new EntityNotFoundException("media", id) { Field = "media_id" };
        }

        List<Photo> photos = [];
        PhotoList.Read(reader.GetString(2), photos);
        return (reader.GetInt64(0), reader.GetBoolean(1), photos);
    }

    private static async ValueTask<CreateMediaResponse> InsertAsync(NpgsqlConnection connection, Post post, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(MediaSql.Insert, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = post.Id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = post.OwnerId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = post.Caption });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = PhotoList.Write(post.Photos), NpgsqlDbType = NpgsqlDbType.Jsonb });
        if (await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is not DateTime createdAt)
        {
            throw new EntityNotFoundException("user", post.OwnerId);
        }

        post.CreatedAt = Timestamp.FromDateTime(createdAt);
        return new CreateMediaResponse { Media = post };
    }

    private static async ValueTask<List<Post>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<Post> posts = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            posts.Add(Read(reader));
        }

        return posts;
    }

    /// <summary>A row's first five columns.</summary>
    internal static Post Read(NpgsqlDataReader reader)
    {
        var post = new Post
        {
            Id = reader.GetInt64(0),
            OwnerId = reader.GetInt64(1),
            Caption = reader.GetString(2),
            CreatedAt = Timestamp.FromDateTime(reader.GetDateTime(4)),
        };
        PhotoList.Read(reader.GetString(3), post.Photos);
        return post;
    }
}
