using System.Globalization;
using InstaGrpc.Photos;

namespace InstaGrpc.Ratios.Images;

/// <summary>50 JPEGs of 12 megapixels, generated once and kept.</summary>
internal static class PhotoSet
{
    private const int Count = 50;
    private const int Width = 4000;
    private const int Height = 3000;
    private const int Enlarged = 4;

    public static async Task<IReadOnlyList<string>> MakeAsync(string folder, PhotoDecoder decoder, BenchmarkReport report, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var photos = Enumerable.Range(1, Count).Select(n => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{n:00}.jpg"))).ToArray();
        for (var i = 0; i < Count; i++)
        {
            if (File.Exists(photos[i]))
            {
                continue;
            }

            var png = GeneratedPicture.Png(Enlarge(GeneratedPicture.Pixels(i + 1, Width / Enlarged, Height / Enlarged), i), Width, Height);
            var jpeg = await decoder.RenderAsync(
                new RenderRequest(Width, false, PhotoFormat.Jpeg, 90), () => new MemoryStream(png), png.Length, cancellation).ConfigureAwait(false);
            await File.WriteAllBytesAsync(photos[i], jpeg.Bytes, cancellation).ConfigureAwait(false);
            report.Say(string.Create(CultureInfo.InvariantCulture, $"  photo {i + 1}: {jpeg.Bytes.Length / 1e6:0.0} MB"));
        }

        return photos;
    }

    /// <summary>Between four pixels linearly, with grain, so that it is not smooth where a photo is not.</summary>
    private static byte[] Enlarge(byte[] small, int seed)
    {
        const int narrow = Width / Enlarged;
        const int low = Height / Enlarged;
        var pixels = new byte[Width * Height * 3];
        Parallel.For(0, Height, y =>
        {
            var random = (uint)((seed * 7919) + y + 1) * 2654435761;
            var (top, down) = (Math.Min(y / Enlarged, low - 2), Math.Min(y % Enlarged, Enlarged));
            for (var x = 0; x < Width; x++)
            {
                var (left, right) = (Math.Min(x / Enlarged, narrow - 2), x % Enlarged);
                random ^= random << 13;
                random ^= random >> 17;
                random ^= random << 5;
                var grain = (int)(random % 9) - 4;
                for (var band = 0; band < 3; band++)
                {
                    var at = (((top * narrow) + left) * 3) + band;
                    var upper = (small[at] * (Enlarged - right)) + (small[at + 3] * right);
                    var lower = (small[at + (narrow * 3)] * (Enlarged - right)) + (small[at + (narrow * 3) + 3] * right);
                    var value = ((upper * (Enlarged - down)) + (lower * down)) / (Enlarged * Enlarged);
                    pixels[(((y * Width) + x) * 3) + band] = (byte)Math.Clamp(value + grain, 0, 255);
                }
            }
        });
        return pixels;
    }
}
