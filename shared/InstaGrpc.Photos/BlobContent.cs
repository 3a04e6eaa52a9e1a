namespace InstaGrpc.Photos;

/// <summary>An open object.</summary>
/// <param name="Bytes">From the offset that was asked for to the end.</param>
/// <param name="Length">Of the whole object.</param>
/// <param name="Path">Its file, where it is one; else null.</param>
public sealed record BlobContent(Stream Bytes, long Length, string? Path) : IAsyncDisposable
{
    /// <inheritdoc />
    public ValueTask DisposeAsync() => Bytes.DisposeAsync();
}
