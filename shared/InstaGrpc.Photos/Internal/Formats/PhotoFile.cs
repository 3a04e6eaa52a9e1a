using System.Buffers.Binary;
using System.Text;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>
/// Looks at a whole file before it is decoded: what it is, how large it says that it is, whether it is whole, moves, or is a second file in disguise.
/// </summary>
internal static class PhotoFile
{
    private const string Taken = "JPEG, PNG, WebP and HEIC are taken";
    private const int EndOfZip = 22;

    /// <exception cref="PhotoRefusedException">It is nothing that is taken.</exception>
    public static (PhotoFormat Format, PhotoHeader Header) Inspect(ReadOnlySpan<byte> file, long mostPixels)
    {
        var format = PhotoFormats.Detect(file);
        var header = format switch
        {
            PhotoFormat.Jpeg => JpegHeader.Read(file),
            PhotoFormat.Png => PngHeader.Read(file),
            PhotoFormat.WebP => WebPHeader.Read(file),
            PhotoFormat.Heic => HeicHeader.Read(file),
            _ => throw new PhotoRefusedException($"{Describe(file)}: {Taken}"),
        };
        if (header.Width < 1 || header.Height < 1)
        {
            throw new PhotoRefusedException("says that it has no width or no height");
        }

        if ((long)header.Width * header.Height > mostPixels)
        {
            throw new PhotoRefusedException($"says that it is {header.Width} x {header.Height} pixels: at most {mostPixels} in all are taken");
        }

        RefuseSecondFile(file, header.End, format);
        return (format, header);
    }

    private static string Describe(ReadOnlySpan<byte> file)
    {
        var text = file[..Math.Min(file.Length, 1024)];
        if (file.IsEmpty)
        {
            return "is empty";
        }

        var kind = text switch
        {
            _ when text.StartsWith("GIF8"u8) => "a GIF",
            _ when text.StartsWith("%PDF-"u8) => "a PDF",
            _ when text.StartsWith("BM"u8) => "a BMP",
            _ when text.StartsWith("II*\0"u8) || text.StartsWith("MM\0*"u8) => "a TIFF",
            _ when text.StartsWith("PK"u8) => "a ZIP archive",
            _ when text.Length > 12 && (text[4..12].SequenceEqual("ftyphevc"u8) || text[4..12].SequenceEqual("ftypmsf1"u8)) => "a moving HEIC",
            _ when text.Length > 12 && text[4..8].SequenceEqual("ftyp"u8) => $"of the brand {Printable(text[8..12])}",
            _ when Contains(text, "<svg"u8) => "an SVG",
            _ when Contains(text, "<html"u8) || Contains(text, "<!doctype"u8) => "a web page",
            _ => null,
        };
        return kind is null ? "is not an image" : $"is {kind}";
    }

    /// <summary>
    /// A file that two programs read as two things (an image and a page, an archive) carries the second past whoever checked the first. What phones
    /// themselves put behind a JPEG stays: further images (multi-picture format), the film of a moving photo, Samsung's trailer.
    /// </summary>
    private static void RefuseSecondFile(ReadOnlySpan<byte> file, int end, PhotoFormat format)
    {
        var rest = file[end..];
        if (rest.ContainsAnyExcept((byte)0) && !(format == PhotoFormat.Jpeg && IsOfPhones(rest)))
        {
            throw new PhotoRefusedException($"goes on for {rest.Length} bytes behind the image: something else is hidden in it");
        }

        if (file[..Math.Min(file.Length, 1024)].IndexOf("%PDF-"u8) >= 0)
        {
            throw new PhotoRefusedException("is a PDF too: something else is hidden in it");
        }

        var head = file[..Math.Min(file.Length, 64 * 1024)];
        if (Contains(head, "<script"u8) || Contains(head, "<html"u8) || Contains(head, "<?php"u8) || Contains(head, "<!doctype html"u8))
        {
            throw new PhotoRefusedException("holds a script or a web page: something else is hidden in it");
        }

        var tail = file[Math.Max(0, file.Length - 65_535 - EndOfZip)..];
        for (int at; (at = tail.IndexOf("PK\x05\x06"u8)) >= 0; tail = tail[(at + 4)..])
        {
            var record = tail[at..];
            // Its last field is the length of the comment, which ends the archive.
            if (record.Length >= EndOfZip && BinaryPrimitives.ReadUInt16LittleEndian(record[20..]) == record.Length - EndOfZip)
            {
                throw new PhotoRefusedException("is a ZIP archive too: something else is hidden in it");
            }
        }
    }

    private static bool IsOfPhones(ReadOnlySpan<byte> rest)
    {
        var start = rest.IndexOfAnyExcept((byte)0);
        var content = rest[start..];
        return content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
            // A box: its length, of which the leading zeros were passed over, and its type.
            || content[..Math.Min(content.Length, 8)].IndexOf("ftyp"u8) >= 0
            || content.EndsWith("SEFT"u8);
    }

    /// <summary>Whatever the case of its letters.</summary>
    private static bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        var first = lower[0];
        for (int at; (at = text.IndexOf(first)) >= 0 && text.Length - at >= lower.Length; text = text[(at + 1)..])
        {
            if (Ascii.EqualsIgnoreCase(text.Slice(at, lower.Length), lower))
            {
                return true;
            }
        }

        return false;
    }

    private static string Printable(ReadOnlySpan<byte> brand) =>
        string.Concat(brand.ToArray().Select(static letter => letter is >= 0x20 and < 0x7F ? (char)letter : '?'));
}
