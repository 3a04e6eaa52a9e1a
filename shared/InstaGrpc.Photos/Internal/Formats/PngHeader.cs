using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>PNG (ISO/IEC 15948): chunks of length, type, data and checksum, from IHDR to IEND.</summary>
internal static class PngHeader
{
    private const int Signature = 8;
    private const int Frame = 12;

    public static PhotoHeader Read(ReadOnlySpan<byte> file)
    {
        var (width, height) = (0, 0);
        var at = Signature;
        while (true)
        {
            if (at + Frame > file.Length)
            {
                throw CutOff();
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > file.Length - at - Frame)
            {
                throw CutOff();
            }

            var type = file.Slice(at + 4, 4);
            var data = file.Slice(at + 8, (int)length);
            if (at == Signature)
            {
                if (!type.SequenceEqual("IHDR"u8) || length != 13)
                {
                    throw new PhotoRefusedException("is a damaged PNG: it does not begin with its header");
                }

                width = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data), int.MaxValue);
                height = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data[4..]), int.MaxValue);
            }

            if (type.SequenceEqual("acTL"u8))
            {
                throw new PhotoRefusedException("is an animated PNG: only still photos are taken");
            }

            at += Frame + (int)length;
            if (type.SequenceEqual("IEND"u8))
            {
                return new PhotoHeader(width, height, at);
            }
        }
    }

    private static PhotoRefusedException CutOff() => new("is cut off: the PNG ends before its image does");
}
