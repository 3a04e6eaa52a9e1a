using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Feed;

/// <summary>Which photo a user shows himself with. It is held for him, beside the post that it came with: it stays when that is deleted.</summary>
internal sealed class Avatars(INodeReads reads, INodeWrites writes, BlobRows blobs, IEdgePurge edge, MediaService.MediaServiceClient media)
{
    /// <exception cref="EntityNotFoundException">There is no such post, or no such user.</exception>
    /// <exception cref="PermissionDeniedException">The post is another user's.</exception>
    /// <exception cref="InvalidFieldException">It has no such photo.</exception>
    public async ValueTask SetAsync(long user, long post, uint index, CancellationToken cancellation)
    {
        var blob = post == 0 ? "" : await PhotoAsync(user, post, index, cancellation).ConfigureAwait(false);
        if (blob.Length > 0 && await blobs.HoldAsync(new BlobId(blob), user, cancellation).ConfigureAwait(false) is null)
        {
            throw new EntityNotFoundException("media", post) { Field = "media_id" };
        }

        var former = await WriteAsync(user, post, index, blob, cancellation).ConfigureAwait(false);
        if (former.Length > 0 && former != blob)
        {
            // Looked at later, and not let go: the user may be setting it again at this moment.
            await blobs.DoubtAsync(new BlobId(former), user, cancellation).ConfigureAwait(false);
            await edge.PurgeAsync([PhotoUrl.OfAvatar(user, former)!], cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Null: there never was such a user.</summary>
    public async ValueTask<GetAvatarResponse?> GetAsync(long user, CancellationToken cancellation)
    {
        var session = await reads.OpenAsync(cancellation).ConfigureAwait(false);
        await using var command = session.Command(GraphSql.Avatar, new NpgsqlParameter<long> { TypedValue = user });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            return null;
        }

        var deleted = reader.GetBoolean(0);
        return new GetAvatarResponse { Deleted = deleted, BlobId = deleted ? "" : reader.GetString(1) };
    }

    private async ValueTask<string> PhotoAsync(long user, long post, uint index, CancellationToken cancellation)
    {
        GetMediaResponse found;
        try
        {
            found = await media.GetMediaAsync(new GetMediaRequest { MediaId = post }, cancellationToken: cancellation).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            throw new EntityNotFoundException("media", post) { Field = "media_id" };
        }

        if (found.Media.OwnerId != user)
        {
            throw new PermissionDeniedException("the post is another user's");
        }

        return index < found.Media.Photos.Count
            ? found.Media.Photos[(int)index].BlobId
            : throw new InvalidFieldException("index", $"must be below {found.Media.Photos.Count}: the post has no more photos");
    }

    /// <returns>The photo before.</returns>
    private ValueTask<string> WriteAsync(long user, long post, uint index, string blob, CancellationToken cancellation) => writes.RunAsync(
        user,
        async (connection, transaction, ct) =>
        {
            await using var command = new NpgsqlCommand(GraphSql.SetAvatar, connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = user });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = post });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)index });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = blob });
            return await command.ExecuteScalarAsync(ct).ConfigureAwait(false) as string ?? throw new EntityNotFoundException("user", user);
        },
        cancellation);
}
