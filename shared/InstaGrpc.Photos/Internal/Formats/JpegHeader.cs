using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>JPEG (ITU-T T.81, annex B): a chain of markers, most with a length, and compressed data behind each start of scan.</summary>
internal static class JpegHeader
{
    /// <summary>APP1: Exif and XMP.</summary>
    public const byte Application1 = 0xE1;

    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    public static PhotoHeader Read(ReadOnlySpan<byte> file)
    {
        var (width, height) = (0, 0);
        for (var segment = First(file); ; segment = Next(file, segment))
        {
            if (segment.Marker == EndOfImage)
            {
                return width == 0 ? throw new PhotoRefusedException("is a JPEG without an image") : new PhotoHeader(width, height, segment.End);
            }

            if (IsFrame(segment.Marker) && segment.End - segment.Start >= 5)
            {
                var content = file[segment.Start..];
                (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(content[1..]), BinaryPrimitives.ReadUInt16BigEndian(content[3..]));
            }
        }
    }

    /// <summary>Behind the start of the image.</summary>
    public static JpegSegment First(ReadOnlySpan<byte> file) => At(file, 2);

    /// <summary>Null: that was the end of the image.</summary>
    public static JpegSegment? TryNext(ReadOnlySpan<byte> file, JpegSegment segment) => segment.Marker == EndOfImage ? null : Next(file, segment);

    private static JpegSegment Next(ReadOnlySpan<byte> file, JpegSegment segment) =>
        At(file, segment.Marker == StartOfScan ? EndOfScan(file, segment.End) : segment.End);

    private static JpegSegment At(ReadOnlySpan<byte> file, int at)
    {
        while (true)
        {
            if (at + 2 > file.Length)
            {
                throw CutOff();
            }

            if (file[at] != 0xFF)
            {
                throw new PhotoRefusedException($"is a damaged JPEG: no marker at byte {at}");
            }

            var marker = file[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            at += 2;
            // TEM and restart markers stand alone.
            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                continue;
            }

            return marker == EndOfImage ? new JpegSegment(marker, at, at) : new JpegSegment(marker, at + 2, at + LengthAt(file, at));
        }
    }

    private static int LengthAt(ReadOnlySpan<byte> file, int at)
    {
        if (at + 2 > file.Length || at + BinaryPrimitives.ReadUInt16BigEndian(file[at..]) > file.Length)
        {
            throw CutOff();
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
        return length < 2 ? throw new PhotoRefusedException($"is a damaged JPEG: a segment of {length} bytes at byte {at}") : length;
    }

    /// <summary>SOF0 to SOF15 but for the three codes between them that mean something else.</summary>
    private static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    /// <summary>The next marker that is neither a stuffed zero nor a restart.</summary>
    private static int EndOfScan(ReadOnlySpan<byte> file, int at)
    {
        while (true)
        {
            var next = file[at..].IndexOf((byte)0xFF);
            if (next < 0 || at + next + 1 >= file.Length)
            {
                throw CutOff();
            }

            at += next;
            if (file[at + 1] is 0x00 or (>= 0xD0 and <= 0xD7))
            {
                at += 2;
            }
            else if (file[at + 1] == 0xFF)
            {
                at++;
            }
            else
            {
                return at;
            }
        }
    }

    private static PhotoRefusedException CutOff() => new("is cut off: the JPEG ends before its image does");
}
