using InstaGrpc.Photos.Internal;
using InstaGrpc.Photos.Internal.Stores;

namespace InstaGrpc.Photos;

/// <summary>Blobs by their content's hash, in tiers, and the variants made of them; over a folder or a bucket.</summary>
public sealed class PhotoStore(IBlobStore objects)
{
    private static readonly BlobTier[] _tiers = Enum.GetValues<BlobTier>();

    /// <summary>A folder, or a bucket when one is named.</summary>
    public static IBlobStore Open(PhotoOptions options, PhotoMetrics metrics) =>
        options.S3.Bucket.Length > 0 ? new BucketStore(options.S3, metrics) : new FolderStore(Path.GetFullPath(options.Folder), metrics);

    /// <summary>Stores a blob in the hot tier.</summary>
    public ValueTask PutAsync(BlobId blob, string file, PhotoFormat format, CancellationToken cancellation) =>
        objects.PutAsync(NameOf(blob, BlobTier.Hot), file, format.ContentType(), cancellation);

    /// <summary>Opens a blob, in whichever tier it is; null: it is in none.</summary>
    /// <remarks>No row says for sure where it is: the answer may be old by the time the store is asked, and a blob on its way stands in two tiers, never in none.</remarks>
    public async ValueTask<BlobContent?> OpenAsync(BlobId blob, long offset, CancellationToken cancellation)
    {
        foreach (var tier in _tiers)
        {
            if (await objects.OpenAsync(NameOf(blob, tier), offset, cancellation).ConfigureAwait(false) is { } content)
            {
                return content;
            }
        }

        // It moved on behind the search.
        return await objects.OpenAsync(NameOf(blob, BlobTier.Cold), offset, cancellation).ConfigureAwait(false);
    }

    /// <summary>A blob's bytes; null: it is not in the store.</summary>
    public async ValueTask<long?> LengthAsync(BlobId blob, CancellationToken cancellation)
    {
        foreach (var tier in _tiers)
        {
            if (await objects.LengthAsync(NameOf(blob, tier), cancellation).ConfigureAwait(false) is { } length)
            {
                return length;
            }
        }

        return null;
    }

    /// <summary>Whether a variant is there.</summary>
    public async ValueTask<bool> HasVariantAsync(BlobId blob, string name, CancellationToken cancellation) =>
        await objects.LengthAsync(FolderOf(blob) + name, cancellation).ConfigureAwait(false) is not null;

    /// <summary>Puts a blob into another tier. In the old one it stays until <see cref="LeaveAsync"/>.</summary>
    public ValueTask<bool> EnterAsync(BlobId blob, BlobTier from, BlobTier to, CancellationToken cancellation) =>
        objects.CopyAsync(NameOf(blob, from), NameOf(blob, to), cancellation);

    /// <summary>Takes a blob out of a tier.</summary>
    public ValueTask LeaveAsync(BlobId blob, BlobTier tier, CancellationToken cancellation) => objects.DeleteAsync(NameOf(blob, tier), cancellation);

    /// <summary>Deletes a blob and its variants.</summary>
    public async ValueTask DeleteAsync(BlobId blob, CancellationToken cancellation)
    {
        foreach (var tier in _tiers)
        {
            await objects.DeleteAsync(NameOf(blob, tier), cancellation).ConfigureAwait(false);
        }

        await objects.DeleteAllAsync(FolderOf(blob), cancellation).ConfigureAwait(false);
    }

    /// <summary>Opens a variant; null: it was not made, or went to make room.</summary>
    public ValueTask<BlobContent?> OpenVariantAsync(BlobId blob, string name, CancellationToken cancellation) =>
        objects.OpenAsync(FolderOf(blob) + name, 0, cancellation);

    /// <summary>Keeps a variant.</summary>
    public ValueTask PutVariantAsync(BlobId blob, string name, string file, PhotoFormat format, CancellationToken cancellation) =>
        objects.PutAsync(FolderOf(blob) + name, file, format.ContentType(), cancellation);

    /// <summary>Deletes the oldest variants until the others fit.</summary>
    public ValueTask TrimVariantsAsync(long bytes, CancellationToken cancellation) => objects.TrimVariantsAsync(bytes, cancellation);

    // Two folders deep: 65,536 of them, so that none grows long.
    private static string NameOf(BlobId blob, BlobTier tier) => $"{BlobNames.Of(tier)}/{blob.Hex[..2]}/{blob.Hex[2..4]}/{blob.Hex}";

    private static string FolderOf(BlobId blob) => $"variants/{blob.Hex[..2]}/{blob.Hex[2..4]}/{blob.Hex}/";
}
