using System.Buffers.Binary;
using System.Text;

namespace InstaGrpc.Media.Tests;

/// <summary>Photos with metadata that the tests write themselves.</summary>
internal static class TaggedPhoto
{
    /// <summary>A PNG with a chunk of XMP. Its checksum is wrong, which decoders pass over in a chunk that they need not know.</summary>
    public static byte[] WithText(byte[] png, string xmp)
    {
        var data = Encoding.UTF8.GetBytes("XML:com.adobe.xmp\0\0\0\0\0" + xmp);
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        "iTXt"u8.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        // Behind signature and header: 8 + 25 bytes.
        return [.. png[..33], .. chunk, .. png[33..]];
    }
}
