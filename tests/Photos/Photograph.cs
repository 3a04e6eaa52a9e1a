using System.Buffers.Binary;
using System.Text;
using InstaGrpc.Photos.Internal.Formats;

namespace InstaGrpc.Photos.Tests;

/// <summary>What cameras put beside the pixels of a JPEG, written by hand.</summary>
internal static class Photograph
{
    /// <summary>What <see cref="Place"/> has of seconds: 1234/100.</summary>
    public static readonly byte[] Seconds = [0, 0, 4, 210, 0, 0, 0, 100];

    /// <summary>Exif with an orientation (1 to 8) and a place.</summary>
    public static byte[] WithExif(byte[] jpeg, int orientation) => WithSegment(jpeg, 0xE1, [.. "Exif\0\0"u8, .. Place(orientation)]);

    /// <summary>A TIFF header with an orientation (1 to 8) and a place.</summary>
    public static byte[] Place(int orientation = 1)
    {
        // Big-endian TIFF: IFD0 at 8 with two entries, the GPS directory at 38 with two, its rationals at 68.
        var tiff = new byte[92];
        "MM\0*\0\0\0\x08"u8.CopyTo(tiff);
        BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(8), 2);
        Entry(tiff.AsSpan(10), 0x0112, 3, 1, (uint)orientation << 16);
        Entry(tiff.AsSpan(22), 0x8825, 4, 1, 38);
        BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(38), 2);
        Entry(tiff.AsSpan(40), 1, 2, 2, (uint)'N' << 24);
        Entry(tiff.AsSpan(52), 2, 5, 3, 68);
        uint[] place = [48, 1, 8, 1, 1234, 100];
        for (var i = 0; i < place.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(tiff.AsSpan(68 + (4 * i)), place[i]);
        }

        return tiff;
    }

    /// <summary>A TIFF header with so many places (up to 512) that claim to be so many bytes long, from its beginning on.</summary>
    public static byte[] LongPlaces(int places, uint bytes)
    {
        var tiff = new byte[26 + 2 + (12 * places)];
        "MM\0*\0\0\0\x08"u8.CopyTo(tiff);
        BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(8), 1);
        Entry(tiff.AsSpan(10), 0x8825, 4, 1, 26);
        BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(26), (ushort)places);
        for (var i = 0; i < places; i++)
        {
            Entry(tiff.AsSpan(28 + (12 * i)), (ushort)i, 2, bytes, (uint)tiff.Length);
        }

        return tiff;
    }

    /// <summary>A PNG with one more chunk behind its header, whose checksum is right.</summary>
    public static byte[] WithChunk(byte[] png, string type, byte[] data)
    {
        byte[] chunk = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.Of(chunk.AsSpan(4, data.Length + 4)));
        return [.. png[..33], .. chunk, .. png[33..]];
    }

    /// <summary>A WebP of that size with more chunks behind the image.</summary>
    public static byte[] WithChunks(byte[] webp, int width, int height, params ReadOnlySpan<(string Type, byte[] Data)> behind)
    {
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 0, 0, 0, 0, (byte)(width - 1), (byte)((width - 1) >> 8), 0, (byte)(height - 1), (byte)((height - 1) >> 8), 0];
        byte[] file = webp.AsSpan(12).StartsWith("VP8X"u8) ? [.. webp] : [.. webp[..12], .. extended, .. webp[12..]];
        foreach (var (type, data) in behind)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
            file[20] |= type switch { "EXIF" => 0x08, "XMP " => 0x04, _ => 0 };
            file = [.. file, .. Encoding.ASCII.GetBytes(type), .. length, .. data, .. new byte[data.Length & 1]];
        }

        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    public static byte[] WithXmp(byte[] jpeg, string xmp) =>
        WithSegment(jpeg, 0xE1, [.. "http://ns.adobe.com/xap/1.0/\0"u8, .. Encoding.UTF8.GetBytes(xmp)]);

    /// <summary>A colour profile in which red and green have changed places.</summary>
    public static byte[] WithSwappedColours(byte[] jpeg) => WithSegment(jpeg, 0xE2, [.. "ICC_PROFILE\0"u8, 1, 1, .. SwappedProfile()]);

    public static byte[] WithSegment(byte[] jpeg, byte marker, byte[] content)
    {
        var head = new byte[] { 0xFF, marker, 0, 0 };
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), (ushort)(content.Length + 2));
        return [.. jpeg[..2], .. head, .. content, .. jpeg[2..]];
    }

    /// <summary>ICC.1:2001-04, a display profile of a matrix and curves: sRGB's, with the columns of red and green exchanged.</summary>
    private static byte[] SwappedProfile()
    {
        (string Tag, byte[] Data)[] tags =
        [
            ("desc", [.. "desc\0\0\0\0\0\0\0\x02"u8, (byte)'x', 0, .. new byte[78]]),
            ("wtpt", Xyz(0.9642, 1, 0.8249)),
            ("rXYZ", Xyz(0.3851, 0.7169, 0.0971)),
            ("gXYZ", Xyz(0.4361, 0.2225, 0.0139)),
            ("bXYZ", Xyz(0.1431, 0.0606, 0.7141)),
            ("rTRC", Gamma()), ("gTRC", Gamma()), ("bTRC", Gamma()),
            ("cprt", "text\0\0\0\0x\0\0\0"u8.ToArray()),
        ];
        var size = 132 + (12 * tags.Length) + tags.Sum(static tag => tag.Data.Length);
        var profile = new byte[size];
        BinaryPrimitives.WriteInt32BigEndian(profile, size);
        profile[8] = 2;
        profile[9] = 0x10;
        "mntrRGB XYZ "u8.CopyTo(profile.AsSpan(12));
        "acsp"u8.CopyTo(profile.AsSpan(36));
        Xyz(0.9642, 1, 0.8249).AsSpan(8).CopyTo(profile.AsSpan(68));
        BinaryPrimitives.WriteInt32BigEndian(profile.AsSpan(128), tags.Length);
        var at = 132 + (12 * tags.Length);
        for (var i = 0; i < tags.Length; i++)
        {
            var row = profile.AsSpan(132 + (12 * i));
            Encoding.ASCII.GetBytes(tags[i].Tag).CopyTo(row);
            BinaryPrimitives.WriteInt32BigEndian(row[4..], at);
            BinaryPrimitives.WriteInt32BigEndian(row[8..], tags[i].Data.Length);
            tags[i].Data.CopyTo(profile.AsSpan(at));
            at += tags[i].Data.Length;
        }

        return profile;
    }

    private static byte[] Xyz(params double[] values)
    {
        var data = new byte[20];
        "XYZ "u8.CopyTo(data);
        for (var i = 0; i < 3; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(8 + (4 * i)), (int)Math.Round(values[i] * 65536));
        }

        return data;
    }

    private static byte[] Gamma() => [.. "curv\0\0\0\0\0\0\0\x01"u8, 2, 51, 0, 0]; // 2.2

    private static void Entry(Span<byte> entry, ushort tag, ushort type, uint count, uint value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(entry, tag);
        BinaryPrimitives.WriteUInt16BigEndian(entry[2..], type);
        BinaryPrimitives.WriteUInt32BigEndian(entry[4..], count);
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], value);
    }
}
