using System.Text;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>The GPS properties of an XMP packet (ISO 16684-1), whatever their prefix.</summary>
internal static class XmpPlace
{
    private const int LongestValue = 256;

    /// <summary><c>exif:GPSLatitude="48,8.1N"</c> or <c>&lt;exif:GPSLatitude&gt;48,8.1N&lt;</c>: the value becomes spaces. Nothing else does, however
    /// damaged the packet: a value has an end nearby.</summary>
    /// <param name="photo">Is changed.</param>
    /// <param name="start">Of the text.</param>
    /// <param name="end">Behind it.</param>
    public static void Blank(PhotoPatches photo, int start, int end)
    {
        var text = photo.File[..end];
        for (int at; (at = text[start..].IndexOf((byte)':')) >= 0;)
        {
            var colon = start + at;
            start = colon + 1;
            // Some makers of drones write Gps.
            if (text.Length - start < 3 || !Ascii.EqualsIgnoreCase(text.Slice(start, 3), "GPS"u8))
            {
                continue;
            }

            var isClosing = IsClosing(text, colon);
            while (start < text.Length && char.IsAsciiLetterOrDigit((char)text[start]))
            {
                start++;
            }

            var (from, mark) = text[start..] switch
            {
                [(byte)'=', (byte)'"', ..] => (start + 2, (byte)'"'),
                [(byte)'=', (byte)'\'', ..] => (start + 2, (byte)'\''),
                [(byte)'>', ..] when !isClosing => (start + 1, (byte)'<'),
                _ => (0, (byte)0),
            };
            if (from > 0 && text[from..Math.Min(text.Length, from + LongestValue)].IndexOf(mark) is > 0 and var length)
            {
                photo.Fill(from, length, (byte)' ');
                start = from + length;
            }
        }
    }

    private static bool IsClosing(ReadOnlySpan<byte> text, int colon)
    {
        var at = colon - 1;
        while (at >= 0 && (char.IsAsciiLetterOrDigit((char)text[at]) || text[at] is (byte)'-' or (byte)'_' or (byte)'.'))
        {
            at--;
        }

        return at >= 0 && text[at] == '/';
    }
}
