using System.IO.Compression;
using Grpc.Net.Internal;

namespace Grpc.Net.Compression;

/// <summary>deflate as HTTP and gRPC name it: the zlib format (RFC 1950).</summary>
public sealed class DeflateCompressionProvider(CompressionLevel defaultCompressionLevel) : ICompressionProvider
{
    /// <summary>Header, one empty final block, checksum of nothing.</summary>
    private static readonly byte[] _nothing = [0x78, 0x01, 3, 0, 0, 0, 0, 1];

    public string EncodingName => "deflate";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new NeverEmptyStream(
            new ZLibStream(stream, compressionLevel ?? defaultCompressionLevel, leaveOpen: true), stream, _nothing);

    public Stream CreateDecompressionStream(Stream stream) => new ZLibStream(stream, CompressionMode.Decompress);
}
