using System.Globalization;

namespace InstaGrpc.Photos;

/// <summary>Where a variant of a photo is found: <c>/media/{media id}/{index}/{content hash}/{variant}</c>; an avatar's with the user's id and index 0.
/// The hash makes the URL another one when the photo is another one, so what it names never changes.</summary>
public static class PhotoUrl
{
    /// <summary>A route of ASP.NET.</summary>
    public const string Route = "/media/{id:long:min(1)}/{index:int:range(0,99)}/{hash:length(64)}/{variant}";

    /// <param name="mediaId">The post's.</param>
    /// <param name="index">Which of its photos, from 0.</param>
    /// <param name="blobId">The photo's <c>blob_id</c>.</param>
    /// <param name="variant">One of <see cref="PhotoVariant.All"/> but the avatar.</param>
    public static string Of(long mediaId, int index, string blobId, PhotoVariant variant) =>
        string.Create(CultureInfo.InvariantCulture, $"/media/{mediaId}/{index}/{blobId}/{variant.Name}");

    /// <param name="userId">Whose.</param>
    /// <param name="blobId">The user's <c>avatar_blob_id</c>; empty: null comes out.</param>
    public static string? OfAvatar(long userId, string blobId) => blobId.Length == 0 ? null : Of(userId, 0, blobId, PhotoVariant.Avatar);
}
