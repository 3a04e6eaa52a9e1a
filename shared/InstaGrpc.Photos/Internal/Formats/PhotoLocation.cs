using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>
/// Finds where a photo tells where it was taken: the GPS directory of its Exif data (CIPA DC-008, tag 0x8825) and the GPS properties of its XMP packet.
/// Both are blanked before the bytes are stored, at unchanged length: variants drop all metadata, but the original is served too, and who posts a
/// picture of his breakfast does not mean to post his address.
/// </summary>
internal static class PhotoLocation
{
    private const ushort GpsDirectory = 0x8825;
    private const int MostEntries = 512;
    private const int LongestValue = 256;

    public static List<PhotoPatch> Find(ReadOnlySpan<byte> file, PhotoFormat format)
    {
        var patches = new List<PhotoPatch>();
        if (format == PhotoFormat.Png)
        {
            InChunks(file, patches);
            return patches;
        }

        // JPEG and HEIC have the six bytes before the TIFF header, WebP may have the header alone.
        var start = 0;
        for (int at; (at = file[start..].IndexOf("Exif\0\0"u8)) >= 0; start += at + 6)
        {
            InExif(file[(start + at + 6)..], start + at + 6, patches);
        }

        if (format == PhotoFormat.WebP && file.IndexOf("EXIF"u8) is >= 0 and var chunk && chunk + 8 < file.Length)
        {
            InExif(file[(chunk + 8)..], chunk + 8, patches);
        }

        InXmp(file, 0, patches);
        return patches;
    }

    private static void InChunks(ReadOnlySpan<byte> file, List<PhotoPatch> patches)
    {
        // The header was read before: every chunk lies inside the file.
        for (var at = 8; at + 12 <= file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            var type = file.Slice(at + 4, 4);
            if (type.SequenceEqual("IEND"u8))
            {
                return;
            }

            var inside = new List<PhotoPatch>();
            if (type.SequenceEqual("eXIf"u8))
            {
                InExif(file.Slice(at + 8, length), 8, inside);
            }
            else if (type.SequenceEqual("iTXt"u8))
            {
                InXmp(file.Slice(at + 8, length), 8, inside);
            }

            if (inside.Count > 0)
            {
                // The whole chunk, because its checksum is another one then.
                var chunk = file.Slice(at, length + 12).ToArray();
                foreach (var patch in inside)
                {
                    patch.Bytes.Span.CopyTo(chunk.AsSpan(patch.Offset));
                }

                BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(length + 8), Crc32.Of(chunk.AsSpan(4, length + 4)));
                patches.Add(new PhotoPatch(at, chunk));
            }

            at += length + 12;
        }
    }

    /// <summary>The entries of the GPS directory, and what they point to, become zeros; a directory of no entries is left.</summary>
    private static void InExif(ReadOnlySpan<byte> tiff, int offset, List<PhotoPatch> patches)
    {
        if (tiff.Length < 8 || !(tiff[..4].SequenceEqual("II*\0"u8) || tiff[..4].SequenceEqual("MM\0*"u8)))
        {
            return;
        }

        var little = tiff[0] == 'I';
        if (!TryEntries(tiff, UInt32(tiff[4..], little), little, out var first, out var count))
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var entry = tiff.Slice(first + (12 * i), 12);
            if (UInt16(entry, little) != GpsDirectory || !TryEntries(tiff, UInt32(entry[8..], little), little, out var gps, out var places))
            {
                continue;
            }

            for (var place = 0; place < places; place++)
            {
                Blank(tiff, gps + (12 * place), little, offset, patches);
            }

            patches.Add(new PhotoPatch(offset + gps - 2, new byte[2 + (12 * places)]));
        }
    }

    /// <summary>What one entry points to, where it does not hold it itself.</summary>
    private static void Blank(ReadOnlySpan<byte> tiff, int at, bool little, int offset, List<PhotoPatch> patches)
    {
        var entry = tiff.Slice(at, 12);
        var size = UInt16(entry[2..], little) switch { 3 or 8 => 2L, 4 or 9 or 11 => 4, 5 or 10 or 12 => 8, _ => 1 } * UInt32(entry[4..], little);
        var start = UInt32(entry[8..], little);
        if (size > 4 && start + size <= tiff.Length)
        {
            patches.Add(new PhotoPatch(offset + (int)start, new byte[size]));
        }
    }

    private static bool TryEntries(ReadOnlySpan<byte> tiff, uint directory, bool little, out int first, out int count)
    {
        (first, count) = (0, 0);
        if (directory < 8 || directory + 2L > tiff.Length)
        {
            return false;
        }

        (first, count) = ((int)directory + 2, UInt16(tiff[(int)directory..], little));
        return count <= MostEntries && first + (12L * count) <= tiff.Length;
    }

    /// <summary><c>exif:GPSLatitude="48,8.1N"</c> or <c>&lt;exif:GPSLatitude&gt;48,8.1N&lt;</c>: the value becomes spaces. Nothing else does, however
    /// damaged the packet: a value has an end nearby.</summary>
    private static void InXmp(ReadOnlySpan<byte> text, int offset, List<PhotoPatch> patches)
    {
        var start = 0;
        for (int at; (at = text[start..].IndexOf("exif:GPS"u8)) >= 0;)
        {
            var isClosing = start + at > 0 && text[start + at - 1] == '/';
            start += at + 8;
            while (start < text.Length && char.IsAsciiLetterOrDigit((char)text[start]))
            {
                start++;
            }

            var (from, end) = text[start..] switch
            {
                [(byte)'=', (byte)'"', ..] => (start + 2, (byte)'"'),
                [(byte)'=', (byte)'\'', ..] => (start + 2, (byte)'\''),
                [(byte)'>', ..] when !isClosing => (start + 1, (byte)'<'),
                _ => (0, (byte)0),
            };
            if (from > 0 && text[from..Math.Min(text.Length, from + LongestValue)].IndexOf(end) is > 0 and var length)
            {
                var spaces = new byte[length];
                spaces.AsSpan().Fill((byte)' ');
                patches.Add(new PhotoPatch(offset + from, spaces));
                start = from + length;
            }
        }
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
