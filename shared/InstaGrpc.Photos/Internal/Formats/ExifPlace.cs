using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>The GPS directory of Exif data (CIPA DC-008, tag 0x8825).</summary>
internal static class ExifPlace
{
    private const ushort GpsDirectory = 0x8825;
    private const int LongestValue = 64 * 1024;

    /// <summary>The directory's entries, and what they point to, become zeros; a directory of no entries is left.</summary>
    /// <param name="photo">Is changed.</param>
    /// <param name="start">Of the TIFF header.</param>
    /// <param name="end">Behind the data: nothing further is touched, whatever an entry points to.</param>
    public static void Blank(PhotoPatches photo, int start, int end)
    {
        var tiff = photo.File[start..end];
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
            // Read anew each time: an entry may have been what another one pointed to.
            var entry = tiff.Slice(first + (12 * i), 12);
            if (UInt16(entry, little) != GpsDirectory || !TryEntries(tiff, UInt32(entry[8..], little), little, out var gps, out var places))
            {
                continue;
            }

            for (var place = 0; place < places; place++)
            {
                BlankValue(photo, tiff, gps + (12 * place), little, start);
            }

            photo.Fill(start + gps - 2, 2 + (12 * places), 0);
        }
    }

    /// <summary>What one entry points to, where it does not hold it itself.</summary>
    private static void BlankValue(PhotoPatches photo, ReadOnlySpan<byte> tiff, int at, bool little, int offset)
    {
        var entry = tiff.Slice(at, 12);
        var size = UInt16(entry[2..], little) switch { 3 or 8 => 2L, 4 or 9 or 11 => 4, 5 or 10 or 12 => 8, _ => 1 } * UInt32(entry[4..], little);
        var start = UInt32(entry[8..], little);
        // No place is so long: that is something else, which nothing points to any more.
        if (size is > 4 and <= LongestValue && start + size <= tiff.Length)
        {
            photo.Fill(offset + (int)start, (int)size, 0);
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
        return first + (12L * count) <= tiff.Length;
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
