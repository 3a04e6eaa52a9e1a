using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;

namespace InstaGrpc.Services.Gateway.Pages;

/// <summary>A file of the web app, in memory, as it goes out.</summary>
/// <param name="Bytes">As it is.</param>
/// <param name="Brotli">Compressed; null: that would not make it smaller.</param>
/// <param name="ContentType">By its name.</param>
/// <param name="ETag">Strong.</param>
/// <param name="Changed">When the file was written.</param>
internal sealed record WebFile(byte[] Bytes, byte[]? Brotli, string ContentType, string ETag, DateTime Changed)
{
    /// <summary>Below this, headers are most of the answer.</summary>
    private const int WorthCompressing = 1024;

    public static WebFile Read(string path, string contentType)
    {
        var changed = File.GetLastWriteTimeUtc(path);
        var bytes = File.ReadAllBytes(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16));
        return new WebFile(bytes, Compress(bytes), contentType, string.Create(CultureInfo.InvariantCulture, $"\"{hash}\""), changed);
    }

    private static byte[]? Compress(byte[] bytes)
    {
        if (bytes.Length <= WorthCompressing)
        {
            return null;
        }

        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        return BrotliEncoder.TryCompress(bytes, compressed, out var length, quality: 9, window: 22) && length < bytes.Length * 9 / 10
            ? compressed[..length]
            : null;
    }
}
