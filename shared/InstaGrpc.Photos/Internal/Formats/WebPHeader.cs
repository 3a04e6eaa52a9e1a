using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>WebP (RFC 9649): a RIFF file of chunks VP8X, VP8 and VP8L.</summary>
internal static class WebPHeader
{
    private const int FileHeader = 12;
    private const byte Animation = 0x02;

    public static PhotoHeader Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < FileHeader)
        {
            throw CutOff();
        }

        var end = 8L + BinaryPrimitives.ReadUInt32LittleEndian(file[4..]);
        if (end > file.Length || end < FileHeader)
        {
            throw CutOff();
        }

        var (width, height) = (0, 0);
        var at = FileHeader;
        while (at + 8 <= end)
        {
            var type = file.Slice(at, 4);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
            if (length > end - at - 8)
            {
                throw CutOff();
            }

            var data = file.Slice(at + 8, (int)length);
            if (type.SequenceEqual("ANIM"u8) || type.SequenceEqual("ANMF"u8) || (type.SequenceEqual("VP8X"u8) && length > 0 && (data[0] & Animation) != 0))
            {
                throw new PhotoRefusedException("is an animated WebP: only still photos are taken");
            }

            if (width == 0)
            {
                (width, height) = Size(type, data);
            }

            at += 8 + (int)length + ((int)length & 1);
        }

        return width == 0 ? throw new PhotoRefusedException("is a damaged WebP: it holds no image") : new PhotoHeader(width, height, (int)Math.Min(end + (end & 1), file.Length));
    }

    private static (int Width, int Height) Size(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (type.SequenceEqual("VP8X"u8) && data.Length >= 10)
        {
            return (1 + (data[4] | (data[5] << 8) | (data[6] << 16)), 1 + (data[7] | (data[8] << 8) | (data[9] << 16)));
        }

        if (type.SequenceEqual("VP8 "u8) && data.Length >= 10 && data[3..6].SequenceEqual((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A]))
        {
            return (BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF, BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF);
        }

        if (type.SequenceEqual("VP8L"u8) && data.Length >= 5 && data[0] == 0x2F)
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
            return (1 + (int)(bits & 0x3FFF), 1 + (int)((bits >> 14) & 0x3FFF));
        }

        return default;
    }

    private static PhotoRefusedException CutOff() => new("is cut off: the WebP ends before its image does");
}
