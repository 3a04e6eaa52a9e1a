using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>
/// Takes out where a photo was taken: the coordinates that cameras write into Exif and XMP are blanked at unchanged length, and of what phones put behind
/// a JPEG all but further images is cut off (a film tells its place too). Variants drop all metadata, but the original is served as well, and who
/// posts a picture of his breakfast does not mean to post his address. Names of places that somebody wrote into a caption or into IPTC stay.
/// </summary>
internal static class PhotoLocation
{
    // Of an item of a HEIC, whose length stands elsewhere: further than this from its beginning no camera writes a place.
    private const int LongestExif = 1024 * 1024;

    /// <returns>How many bytes of the file are kept.</returns>
    /// <exception cref="PhotoRefusedException">There is more of it than a photo has.</exception>
    public static int Blank(PhotoPatches photo, PhotoFormat format)
    {
        var length = photo.File.Length;
        switch (format)
        {
            case PhotoFormat.Jpeg:
                return InImages(photo);
            case PhotoFormat.Png:
                PngPlace.Blank(photo);
                return length;
            case PhotoFormat.WebP:
                InRiff(photo);
                return length;
            default:
                InItems(photo);
                return length;
        }
    }

    /// <summary>Of the image, and of those behind it (CIPA DC-007, multi-picture format: gain maps, previews).</summary>
    private static int InImages(PhotoPatches photo)
    {
        for (var start = 0; ;)
        {
            var end = start + JpegHeader.Read(photo.File[start..]).End;
            InSegments(photo, start);
            var rest = photo.File[end..].IndexOfAnyExcept((byte)0);
            if (rest < 0)
            {
                return photo.File.Length;
            }

            if (!IsImage(photo.File[(end + rest)..]))
            {
                return end + rest;
            }

            start = end + rest;
        }
    }

    private static bool IsImage(ReadOnlySpan<byte> file)
    {
        if (PhotoFormats.Detect(file) != PhotoFormat.Jpeg)
        {
            return false;
        }

        try
        {
            JpegHeader.Read(file);
            return true;
        }
        catch (PhotoRefusedException)
        {
            // What can't be looked through is not kept.
            return false;
        }
    }

    private static void InSegments(PhotoPatches photo, int start)
    {
        for (JpegSegment? next = JpegHeader.First(photo.File[start..]); next is { } segment; next = JpegHeader.TryNext(photo.File[start..], segment))
        {
            if (segment.Marker != JpegHeader.Application1)
            {
                continue;
            }

            var (from, end) = (start + segment.Start, start + segment.End);
            var content = photo.File[from..end];
            if (content.StartsWith("Exif\0\0"u8))
            {
                ExifPlace.Blank(photo, from + 6, end);
            }
            else if (content.StartsWith("http://ns.adobe.com/x"u8))
            {
                // The packet, or a part of one that is too long for a segment.
                XmpPlace.Blank(photo, from, end);
            }
        }
    }

    /// <summary>The chunks of a WebP. The header was read before: each lies inside the file.</summary>
    private static void InRiff(PhotoPatches photo)
    {
        var file = photo.File;
        var end = 8L + BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        for (var at = 12; at + 8 <= end;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
            var content = at + 8;
            if (file[at..].StartsWith("EXIF"u8))
            {
                // Some writers keep the six bytes that JPEG needs.
                var header = file.Slice(content, length).StartsWith("Exif\0\0"u8) ? 6 : 0;
                ExifPlace.Blank(photo, content + header, content + length);
            }
            else if (file[at..].StartsWith("XMP "u8))
            {
                XmpPlace.Blank(photo, content, content + length);
            }

            at += 8 + length + (length & 1);
        }
    }

    /// <summary>The items of a HEIC, found by how they begin.</summary>
    private static void InItems(PhotoPatches photo)
    {
        var file = photo.File;
        var start = 0;
        for (int at; (at = file[start..].IndexOf("Exif\0\0"u8)) >= 0;)
        {
            start += at + 6;
            ExifPlace.Blank(photo, start, (int)Math.Min(file.Length, start + (long)LongestExif));
        }

        start = 0;
        for (int at; (at = file[start..].IndexOf("<rdf:RDF"u8)) >= 0;)
        {
            start += at;
            var length = file[start..].IndexOf("</rdf:RDF>"u8);
            if (length < 0)
            {
                return;
            }

            XmpPlace.Blank(photo, start, start + length);
            start += length;
        }
    }
}
