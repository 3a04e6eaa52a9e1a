namespace InstaGrpc.Photos;

/// <summary>
/// Structural similarity of two pictures: 1 for the same, less the more their structure differs. Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli,
/// "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE Transactions on Image Processing 13(4), 2004: the mean of
/// <c>((2 µx µy + C1)(2 σxy + C2)) / ((µx² + µy² + C1)(σx² + σy² + C2))</c> over windows of 8 x 8 pixels, four apart, on luma (ITU-R BT.601) with
/// C1 = (0.01 · 255)², C2 = (0.03 · 255)².
/// </summary>
public static class Ssim
{
    private const int Window = 8;
    private const int Step = 4;
    private const double C1 = 0.01 * 255 * 0.01 * 255;
    private const double C2 = 0.03 * 255 * 0.03 * 255;

    /// <summary>Of two pictures of the same size, row by row, <paramref name="bands"/> bytes a pixel: one (grey), or red, green, blue and what comes
    /// after them.</summary>
    public static double Of(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int width, int height, int bands) =>
        OfLuma(Luma(one, width * height, bands), Luma(other, width * height, bands), width, height);

    /// <summary>One byte a pixel.</summary>
    public static byte[] Luma(ReadOnlySpan<byte> pixels, int count, int bands)
    {
        var luma = new byte[count];
        for (var i = 0; i < count; i++)
        {
            var pixel = pixels[(i * bands)..];
            // 0.299 R + 0.587 G + 0.114 B in 1/65536.
            luma[i] = bands < 3 ? pixel[0] : (byte)(((19595 * pixel[0]) + (38470 * pixel[1]) + (7471 * pixel[2]) + 32768) >> 16);
        }

        return luma;
    }

    private static double OfLuma(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int width, int height)
    {
        if (width < Window || height < Window)
        {
            return one.SequenceEqual(other) ? 1 : OfWindow(one, other, width, Math.Min(width, Window), Math.Min(height, Window));
        }

        var (sum, windows) = (0.0, 0);
        for (var y = 0; y + Window <= height; y += Step)
        {
            for (var x = 0; x + Window <= width; x += Step)
            {
                var at = (y * width) + x;
                sum += OfWindow(one[at..], other[at..], width, Window, Window);
                windows++;
            }
        }

        return sum / windows;
    }

    private static double OfWindow(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int stride, int width, int height)
    {
        int sumX = 0, sumY = 0, squares = 0, products = 0;
        for (var row = 0; row < height; row++)
        {
            var a = one.Slice(row * stride, width);
            var b = other.Slice(row * stride, width);
            for (var column = 0; column < width; column++)
            {
                int x = a[column], y = b[column];
                sumX += x;
                sumY += y;
                squares += (x * x) + (y * y);
                products += x * y;
            }
        }

        double count = width * height;
        double meanX = sumX / count, meanY = sumY / count;
        var variances = (squares / count) - (meanX * meanX) - (meanY * meanY);
        var covariance = (products / count) - (meanX * meanY);
        return ((2 * meanX * meanY) + C1) * ((2 * covariance) + C2) / (((meanX * meanX) + (meanY * meanY) + C1) * (variances + C2));
    }
}
