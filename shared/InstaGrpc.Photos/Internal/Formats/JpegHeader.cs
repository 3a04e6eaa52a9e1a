using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>JPEG (ITU-T T.81, annex B): a chain of markers, most with a length, and compressed data behind each start of scan.</summary>
internal static class JpegHeader
{
    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    public static PhotoHeader Read(ReadOnlySpan<byte> file)
    {
        var (width, height) = (0, 0);
        var at = 2;
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
            if (marker == EndOfImage)
            {
                return width == 0 ? throw new PhotoRefusedException("is a JPEG without an image") : new PhotoHeader(width, height, at);
            }

            // TEM and restart markers stand alone.
            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                continue;
            }

            if (at + 2 > file.Length || at + BinaryPrimitives.ReadUInt16BigEndian(file[at..]) > file.Length)
            {
                throw CutOff();
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
            if (length < 2)
            {
                throw new PhotoRefusedException($"is a damaged JPEG: a segment of {length} bytes at byte {at}");
            }

            var segment = file.Slice(at, length);
            if (IsFrame(marker) && length >= 7)
            {
                (height, width) = (BinaryPrimitives.ReadUInt16BigEndian(segment[3..]), BinaryPrimitives.ReadUInt16BigEndian(segment[5..]));
            }

            at += length;
            if (marker == StartOfScan)
            {
                at = EndOfScan(file, at);
            }
        }
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
