using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>HEIC (ISO/IEC 23008-12 in the boxes of 14496-12): the sizes stand in the boxes <c>ispe</c> below <c>meta/iprp/ipco</c>; the largest is the
/// photo's, the others those of its tiles and of its thumbnail.</summary>
internal static class HeicHeader
{
    public static PhotoHeader Read(ReadOnlySpan<byte> file)
    {
        RefuseOtherBrands(file);
        var (width, height) = (0, 0);
        var at = 0;
        while (at < file.Length)
        {
            if (file[at..].IndexOfAnyExcept((byte)0) < 0)
            {
                break;
            }

            var (type, content, size) = Box(file[at..]);
            if (type.SequenceEqual("meta"u8) && content.Length >= 4)
            {
                (width, height) = Largest(content[4..]);
            }

            at += size;
        }

        return width == 0 ? throw new PhotoRefusedException("is a damaged HEIC: it holds no image") : new PhotoHeader(width, height, at);
    }

    private static (int Width, int Height) Largest(ReadOnlySpan<byte> meta)
    {
        var properties = Find(Find(meta, "iprp"u8), "ipco"u8);
        var (width, height) = (0, 0);
        while (properties.Length >= 8)
        {
            var (type, content, size) = Box(properties);
            if (type.SequenceEqual("ispe"u8) && content.Length >= 12)
            {
                var w = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(content[4..]), int.MaxValue);
                var h = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(content[8..]), int.MaxValue);
                if ((long)w * h > (long)width * height)
                {
                    (width, height) = (w, h);
                }
            }

            properties = properties[size..];
        }

        return (width, height);
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> boxes, ReadOnlySpan<byte> wanted)
    {
        while (boxes.Length >= 8)
        {
            var (type, content, size) = Box(boxes);
            if (type.SequenceEqual(wanted))
            {
                return content;
            }

            boxes = boxes[size..];
        }

        return default;
    }

    private static BoxParts Box(ReadOnlySpan<byte> boxes)
    {
        if (boxes.Length < 8)
        {
            throw CutOff();
        }

        var (header, size) = (8, (ulong)BinaryPrimitives.ReadUInt32BigEndian(boxes));
        if (size == 1 && boxes.Length >= 16)
        {
            (header, size) = (16, BinaryPrimitives.ReadUInt64BigEndian(boxes[8..]));
        }
        else if (size == 0)
        {
            size = (ulong)boxes.Length;
        }

        var type = boxes.Slice(4, 4);
        if (type.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E))
        {
            throw new PhotoRefusedException("goes on behind the image with what is no box of a HEIC: something else is hidden in it");
        }

        return size < (ulong)header || size > (ulong)boxes.Length ? throw CutOff() : new BoxParts(type, boxes[header..(int)size], (int)size);
    }

    private static void RefuseOtherBrands(ReadOnlySpan<byte> file)
    {
        var brands = Box(file).Content;
        if (brands.Length >= 8 && brands[..4].SequenceEqual("mif1"u8) && brands[8..].IndexOf("avif"u8) >= 0 && brands[8..].IndexOf("hei"u8) < 0)
        {
            throw new PhotoRefusedException("is an AVIF: JPEG, PNG, WebP and HEIC are taken");
        }
    }

    private static PhotoRefusedException CutOff() => new("is cut off: the HEIC ends before its image does");

    private readonly ref struct BoxParts(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content, int size)
    {
        public ReadOnlySpan<byte> Type { get; } = type;

        public ReadOnlySpan<byte> Content { get; } = content;

        public int Size { get; } = size;

        public void Deconstruct(out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> content, out int size)
        {
            type = Type;
            content = Content;
            size = Size;
        }
    }
}
