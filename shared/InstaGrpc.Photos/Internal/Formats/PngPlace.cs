using System.Buffers.Binary;
using System.Text;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>Places in the chunks of a PNG: <c>eXIf</c>, XMP in <c>iTXt</c>, and the profiles that ImageMagick writes as text. A chunk that was changed gets
/// its new checksum.</summary>
internal static class PngPlace
{
    private const int LongestKeyword = 79;

    private static readonly string[] _hidden = ["Raw profile type exif", "Raw profile type APP1", "Raw profile type xmp"];

    public static void Blank(PhotoPatches photo)
    {
        // The header was read before: every chunk lies inside the file.
        for (var at = 8; at + 12 <= photo.File.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(photo.File[at..]);
            var type = photo.File.Slice(at + 4, 4);
            if (type.SequenceEqual("IEND"u8))
            {
                return;
            }

            var before = photo.All.Count;
            if (type.SequenceEqual("eXIf"u8))
            {
                ExifPlace.Blank(photo, at + 8, at + 8 + length);
            }
            else if (type[1..].SequenceEqual("TXt"u8) || type[1..].SequenceEqual("EXt"u8))
            {
                InText(photo, at, length);
            }

            if (photo.All.Count > before)
            {
                var checksum = new byte[4];
                BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc32.Of(photo.File.Slice(at + 4, length + 4)));
                photo.Replace(at + 8 + length, checksum);
            }

            at += length + 12;
        }
    }

    private static void InText(PhotoPatches photo, int chunk, int length)
    {
        var data = photo.File.Slice(chunk + 8, length);
        var keyword = data[..Math.Min(length, LongestKeyword + 1)].IndexOf((byte)0);
        if (keyword < 0)
        {
            return;
        }

        var isInternational = photo.File[chunk + 4] == 'i';
        var isCompressed = isInternational && keyword + 1 < length && data[keyword + 1] != 0;
        if (IsHidden(data[..keyword]) || (isCompressed && data.StartsWith("XML:"u8)))
        {
            // Nobody can look into it without unpacking it: it becomes a comment of spaces.
            var blank = new byte[length];
            blank.AsSpan().Fill((byte)' ');
            "c\0"u8.CopyTo(blank);
            photo.Replace(chunk + 4, "tEXt"u8.ToArray());
            photo.Replace(chunk + 8, blank);
        }
        else if (isInternational)
        {
            XmpPlace.Blank(photo, chunk + 8, chunk + 8 + length);
        }
    }

    private static bool IsHidden(ReadOnlySpan<byte> keyword)
    {
        foreach (var hidden in _hidden)
        {
            if (Ascii.EqualsIgnoreCase(keyword, hidden))
            {
                return true;
            }
        }

        return false;
    }
}
