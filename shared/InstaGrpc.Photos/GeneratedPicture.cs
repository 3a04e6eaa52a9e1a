using System.Buffers.Binary;
using System.IO.Compression;
using InstaGrpc.Photos.Internal.Formats;

namespace InstaGrpc.Photos;

/// <summary>
/// Pictures without a camera: a sky with clouds, a sun, ridges one behind the other, and grain. The same number gives the same picture, so that the demo,
/// tests and benchmarks need no files. Smooth and rough parts are mixed about as in a photo, so it compresses like one.
/// </summary>
public static class GeneratedPicture
{
    private const int Ridges = 4;

    /// <summary>Red, green and blue, row by row.</summary>
    public static byte[] Pixels(int number, int width, int height)
    {
        var pixels = new byte[width * height * 3];
        var hue = Unit(Hash(number, 1, 7)) * 6;
        var (sunX, sunY) = (0.15 + (0.7 * Unit(Hash(number, 2, 7))), 0.12 + (0.25 * Unit(Hash(number, 3, 7))));
        var tops = Tops(number, width, height);
        Parallel.For(0, height, new ParallelOptions { MaxDegreeOfParallelism = 2 }, y =>
        {
            for (var x = 0; x < width; x++)
            {
                // In thousandths of the width, so that a picture is the same at every size.
                double u = x * 1000.0 / width, v = y * 1000.0 / width;
                var layer = Layer(tops, x, y, width);
                var (r, g, b) = layer < 0 ? Sky(number, hue, u, v, (double)y / height, sunX * 1000, sunY * 1000) : Ridge(number, hue, layer, u, v);
                var grain = ((int)(Hash(number + 99, x, y) % 7) - 3) * 0.6;
                var at = ((y * width) + x) * 3;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (Byte(r + grain), Byte(g + grain), Byte(b + grain));
            }
        });
        return pixels;
    }

    /// <summary>A PNG of red, green and blue.</summary>
    public static byte[] Png(ReadOnlySpan<byte> pixels, int width, int height)
    {
        using var data = new MemoryStream();
        using (var compressed = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var y = 0; y < height; y++)
            {
                // Each row begins with its filter: none.
                compressed.WriteByte(0);
                compressed.Write(pixels.Slice(y * width * 3, width * 3));
            }
        }

        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        // Eight bits of true colour, without interlacing.
        (header[8], header[9]) = (8, 2);
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        Chunk(png, "IEND"u8, default);
        return png.ToArray();
    }

    /// <summary>A PNG of the picture.</summary>
    public static byte[] Png(int number, int width, int height) => Png(Pixels(number, width, height), width, height);

    private static int[] Tops(int number, int width, int height)
    {
        var tops = new int[Ridges * width];
        for (var ridge = 0; ridge < Ridges; ridge++)
        {
            for (var x = 0; x < width; x++)
            {
                var rise = Smooth(number + (31 * ridge), x * (3.0 + (3 * ridge)) / width, 0.5, 6);
                tops[(ridge * width) + x] = (int)(height * (0.42 + (0.14 * ridge) - (0.22 * (rise - 0.35))));
            }
        }

        return tops;
    }

    /// <summary>The nearest ridge that covers the pixel; -1: sky.</summary>
    private static int Layer(int[] tops, int x, int y, int width)
    {
        for (var ridge = Ridges - 1; ridge >= 0; ridge--)
        {
            if (y >= tops[(ridge * width) + x])
            {
                return ridge;
            }
        }

        return -1;
    }

    private static (double R, double G, double B) Sky(int number, double hue, double u, double v, double down, double sunX, double sunY)
    {
        var (r, g, b) = Colour(hue, 0.35 + (0.3 * (1 - down)), 0.72 + (0.2 * down));
        var cloud = Math.Max(0, Smooth(number + 5, u / 260, v / 110, 4) - 0.52) * 2.2;
        var sun = 1 / (1 + ((((u - sunX) * (u - sunX)) + ((v - sunY) * (v - sunY))) / 900));
        var light = Math.Min(1, cloud + (sun * 1.5));
        return (r + ((255 - r) * light), g + ((250 - g) * light), b + ((240 - b) * light));
    }

    private static (double R, double G, double B) Ridge(int number, double hue, int layer, double u, double v)
    {
        var (r, g, b) = Colour(hue + 2.2 + (0.25 * layer), 0.2 + (0.12 * layer), 0.62 - (0.12 * layer));
        var rough = 0.72 + (0.55 * Smooth(number + 17 + layer, u / (30 - (5 * layer)), v / (22 - (4 * layer)), 3));
        return (r * rough, g * rough, b * rough);
    }

    /// <summary>Octaves of value noise, each twice as fine and half as strong; 0 to 1.</summary>
    private static double Smooth(int seed, double x, double y, int octaves)
    {
        double sum = 0, weight = 0.5, total = 0;
        for (var octave = 0; octave < octaves; octave++)
        {
            sum += weight * Noise(seed + octave, x, y);
            total += weight;
            (x, y, weight) = (x * 2, y * 2, weight / 2);
        }

        return sum / total;
    }

    private static double Noise(int seed, double x, double y)
    {
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        double a = x - left, b = y - top;
        a = a * a * (3 - (2 * a));
        b = b * b * (3 - (2 * b));
        double upper = Unit(Hash(seed, left, top)) + (a * (Unit(Hash(seed, left + 1, top)) - Unit(Hash(seed, left, top))));
        double lower = Unit(Hash(seed, left, top + 1)) + (a * (Unit(Hash(seed, left + 1, top + 1)) - Unit(Hash(seed, left, top + 1))));
        return upper + (b * (lower - upper));
    }

    private static uint Hash(int seed, int x, int y)
    {
        unchecked
        {
            var h = ((uint)seed * 0x9E3779B1) ^ ((uint)x * 0x85EBCA77) ^ ((uint)y * 0xC2B2AE3D);
            h = (h ^ (h >> 15)) * 0x2C1B3C6D;
            h = (h ^ (h >> 12)) * 0x297A2D39;
            return h ^ (h >> 15);
        }
    }

    private static double Unit(uint hash) => hash / (double)uint.MaxValue;

    /// <summary>Of hue (0 to 6, around), saturation and value.</summary>
    private static (double R, double G, double B) Colour(double hue, double saturation, double value)
    {
        return (Part(5), Part(3), Part(1));

        double Part(double n)
        {
            var k = (n + hue) % 6;
            return 255 * (value - (value * saturation * Math.Max(0, Math.Min(1, Math.Min(k, 4 - k)))));
        }
    }

    private static byte Byte(double value) => (byte)Math.Clamp(value, 0, 255);

    private static void Chunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        var body = new byte[4 + data.Length];
        type.CopyTo(body);
        data.CopyTo(body.AsSpan(4));
        png.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(body));
        png.Write(number);
    }
}
