using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>One algorithm for compressing messages.</summary>
public interface ICompressionProvider
{
    /// <summary>Its name in <c>grpc-encoding</c> and <c>grpc-accept-encoding</c>.</summary>
    string EncodingName { get; }

    /// <param name="stream">Receives the compressed bytes; stays open.</param>
    /// <param name="compressionLevel">Null for the provider's default.</param>
    Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    /// <param name="stream">Gives the compressed bytes.</param>
    Stream CreateDecompressionStream(Stream stream);
}
