namespace InstaGrpc.Photos;

/// <summary>
/// Keeps objects under names: <c>hot/…</c>, <c>warm/…</c>, <c>cold/…</c> and <c>variants/…</c>. An object appears whole or not at all, never changes, and
/// is on disk when <see cref="PutAsync"/> returns. Safe for use by many processes at once.
/// </summary>
public interface IBlobStore
{
    /// <summary>Stores a file's bytes; what is there already stays. The file may be gone afterwards.</summary>
    /// <param name="name">Of the object.</param>
    /// <param name="file">In <see cref="PhotoSpool"/>'s folder.</param>
    /// <param name="contentType">As "image/jpeg".</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask PutAsync(string name, string file, string contentType, CancellationToken cancellation);

    /// <summary>Opens an object; null: there is none.</summary>
    /// <param name="name">Of the object.</param>
    /// <param name="offset">First byte wanted.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<BlobContent?> OpenAsync(string name, long offset, CancellationToken cancellation);

    /// <summary>Its bytes; null: there is none.</summary>
    ValueTask<long?> LengthAsync(string name, CancellationToken cancellation);

    /// <summary>Copies an object; done before, nothing happens. False: there is none of the first name.</summary>
    ValueTask<bool> CopyAsync(string from, string to, CancellationToken cancellation);

    /// <summary>Deletes an object if it is there.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>Deletes every object whose name begins so.</summary>
    ValueTask DeleteAllAsync(string prefix, CancellationToken cancellation);

    /// <summary>Deletes the variants that were stored first until those that stay fit. A store that has rules of its own for this does nothing.</summary>
    ValueTask TrimVariantsAsync(long bytes, CancellationToken cancellation);
}
