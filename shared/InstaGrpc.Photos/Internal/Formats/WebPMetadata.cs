using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>Takes profile, Exif and XMP out of a WebP: libvips 8.14 leaves them in, whatever it is told.</summary>
internal static class WebPMetadata
{
    private const int FileHeader = 12;

    // Of VP8X: profile, Exif and XMP.
    private const int Flags = 0x20 | 0x08 | 0x04;

    public static byte[] Strip(byte[] file)
    {
        if (!file.AsSpan(FileHeader).StartsWith("VP8X"u8))
        {
            return file;
        }

        using var stripped = new MemoryStream(file.Length);
        stripped.Write(file, 0, FileHeader);
        for (var at = FileHeader; at + 8 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            var chunk = file.AsSpan(at, Math.Min(8 + length + (length & 1), file.Length - at));
            if (chunk.StartsWith("VP8X"u8))
            {
                chunk[8] &= unchecked((byte)~Flags);
            }

            if (!chunk.StartsWith("ICCP"u8) && !chunk.StartsWith("EXIF"u8) && !chunk.StartsWith("XMP "u8))
            {
                stripped.Write(chunk);
            }

            at += chunk.Length;
        }

        var bytes = stripped.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - 8);
        return bytes;
    }
}
