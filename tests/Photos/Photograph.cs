using System.Buffers.Binary;
using System.Text;

namespace InstaGrpc.Photos.Tests;

/// <summary>What cameras put beside the pixels of a JPEG, written by hand.</summary>
internal static class Photograph
{
    /// <summary>Exif with an orientation (1 to 8) and a place.</summary>
    public static byte[] WithExif(byte[] jpeg, int orientation)
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

        return WithSegment(jpeg, 0xE1, [.. "Exif\0\0"u8, .. tiff]);
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
