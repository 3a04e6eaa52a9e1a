using System.IO.Compression;
using Grpc.Net.Internal;

namespace Grpc.Net.Compression;

/// <summary>gzip (RFC 1952).</summary>
public sealed class GzipCompressionProvider(CompressionLevel defaultCompressionLevel) : ICompressionProvider
{
    /// <summary>Header, one empty final block, checksum and length of nothing.</summary>
    private static readonly byte[] _nothing = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public string EncodingName => "gzip";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new NeverEmptyStream(
            new GZipStream(stream, compressionLevel ?? defaultCompressionLevel, leaveOpen: true), stream, _nothing);

    public Stream CreateDecompressionStream(Stream stream) => new GZipStream(stream, CompressionMode.Decompress);
}
