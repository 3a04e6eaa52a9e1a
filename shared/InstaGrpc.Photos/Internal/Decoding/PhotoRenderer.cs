using System.Globalization;
using InstaGrpc.Photos.Internal.Formats;
using InstaGrpc.Photos.Internal.Vips;

namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>What is done to a photo's bytes, with libvips; runs in the child process alone.</summary>
internal sealed unsafe class PhotoRenderer(VipsLibrary vips)
{
    private const int QualityStep = 5;
    private const int HighestRatio = 4;
    private const int LongestHead = 1024 * 1024;

    /// <summary>Looks at a photo as it will be stored: the bytes are changed first.</summary>
    /// <exception cref="PhotoRefusedException">It is no photo that is taken.</exception>
    public PhotoFacts Inspect(byte* bytes, int length, long mostPixels)
    {
        var (format, _) = PhotoFile.Inspect(new ReadOnlySpan<byte>(bytes, length), mostPixels);
        var patches = new PhotoPatches(bytes, length);
        length = PhotoLocation.Blank(patches, format);
        // Once more: a place may claim to stand anywhere.
        var (_, header) = PhotoFile.Inspect(new ReadOnlySpan<byte>(bytes, length), mostPixels);
        try
        {
            using var image = Load(format, bytes, length);
            if ((long)image.Width * image.Height > mostPixels)
            {
                throw new PhotoRefusedException($"is {image.Width} x {image.Height} pixels, not the {header.Width} x {header.Height} that it says");
            }

            var (width, height) = image.IsSideways ? (image.Height, image.Width) : (image.Width, image.Height);
            if (format == PhotoFormat.Jpeg)
            {
                // Sizes are those of the header; the decoding, which finds what is damaged, is done at an eighth.
                (width, height) = image.IsSideways ? (header.Height, header.Width) : (header.Width, header.Height);
            }

            // To the last line, but no more than a few lines at a time.
            using var average = new VipsOperation(vips, "avg").Set("in", image).Run();
            return new PhotoFacts(format, width, height, length, patches.All);
        }
        catch (VipsException e)
        {
            throw new PhotoRefusedException($"can't be decoded: {e.Message}");
        }
    }

    /// <exception cref="PhotoRefusedException">It can't be decoded.</exception>
    public RenderedPhoto Render(byte* bytes, int length, RenderRequest request)
    {
        try
        {
            using var small = Shrink(bytes, length, request);
            var (width, height) = (small.Width, small.Height);
            var quality = request.Quality;
            var file = Write(small, request.Format, quality);
            byte[]? before = null;
            while (file.Length > request.Budget && quality - QualityStep >= request.LeastQuality)
            {
                var smaller = Write(small, request.Format, quality - QualityStep);
                before ??= Ssim.Luma(small.Pixels(), width * height, small.Bands);
                if (Likeness(smaller, request.Format, before, width, height) < request.LeastLikeness)
                {
                    break;
                }

                (file, quality) = (smaller, quality - QualityStep);
            }

            return new RenderedPhoto(file, width, height, quality);
        }
        catch (VipsException e)
        {
            throw new PhotoRefusedException($"can't be decoded: {e.Message}");
        }
    }

    /// <summary>The pixels of a photo at most so wide, red, green and blue.</summary>
    public RenderedPhoto Pixels(byte* bytes, int length, RenderRequest request)
    {
        using var small = Shrink(bytes, length, request);
        if (small.Bands is 3)
        {
            return new RenderedPhoto(small.Pixels(), small.Width, small.Height, 100);
        }

        using var flat = new VipsOperation(vips, small.Bands is 1 ? "copy" : "flatten").Set("in", small).Image();
        using var colour = new VipsOperation(vips, "colourspace").Set("in", flat).Set("space", "srgb").Image();
        return new RenderedPhoto(colour.Pixels(), colour.Width, colour.Height, 100);
    }

    private VipsImage Load(PhotoFormat format, byte* bytes, int length)
    {
        var loader = format switch
        {
            PhotoFormat.Jpeg => new VipsOperation(vips, "jpegload_buffer").Set("shrink", 8),
            PhotoFormat.Png => new VipsOperation(vips, "pngload_buffer"),
            PhotoFormat.WebP => new VipsOperation(vips, "webpload_buffer"),
            _ => new VipsOperation(vips, "heifload_buffer"),
        };
        return loader.Set("buffer", bytes, length).Set("access", "sequential").Set("fail-on", "error").Image();
    }

    private VipsImage Shrink(byte* bytes, int length, RenderRequest request)
    {
        var file = new ReadOnlySpan<byte>(bytes, length);
        using var loaded = PhotoFormats.Detect(file) == PhotoFormat.Jpeg ? LoadFraction(bytes, length, request) : null;
        // Orientation is applied and the embedded profile honoured by the operation itself.
        var operation = loaded is null
            ? new VipsOperation(vips, "thumbnail_buffer").Set("buffer", bytes, length).Set("fail-on", "truncated")
            : new VipsOperation(vips, "thumbnail_image").Set("in", loaded);
        operation.Set("width", request.Width).Set("height", request.IsSquare ? request.Width : request.Width * HighestRatio).Set("size", "down");
        if (request.IsSquare)
        {
            operation.Set("crop", "centre");
        }

        if (HasProfile(file))
        {
            // The argument's old name, which both libraries know. Without a profile it would turn sRGB into sRGB, at some cost.
            operation.Set("export-profile", "srgb");
        }

        using var small = operation.Image();
        if (small.IsForScreens)
        {
            // Written perhaps more than once, decoded once.
            return small.InMemory();
        }

        using var converted = new VipsOperation(vips, "colourspace").Set("in", small).Set("space", "srgb").Image();
        return converted.InMemory();
    }

    /// <summary>A JPEG at a half, a quarter or an eighth, as small as is still large enough: its decoder does that in passing. libvips by itself takes the
    /// next larger one, for a little more sharpness.</summary>
    private VipsImage LoadFraction(byte* bytes, int length, RenderRequest request)
    {
        int width, height;
        using (var header = new VipsOperation(vips, "jpegload_buffer").Set("buffer", bytes, length).Image())
        {
            (width, height) = header.IsSideways ? (header.Height, header.Width) : (header.Width, header.Height);
        }

        var scale = request.IsSquare
            ? Math.Min(width, height) / request.Width
            : Math.Max(width / request.Width, height / (request.Width * HighestRatio));
        var fraction = scale switch { >= 8 => 8, >= 4 => 4, >= 2 => 2, _ => 1 };
        return new VipsOperation(vips, "jpegload_buffer").Set("buffer", bytes, length)
            .Set("shrink", fraction).Set("access", "sequential").Set("fail-on", "truncated").Image();
    }

    /// <summary>As JPEG, PNG, WebP and HEIC mark one. A mark that is none costs a conversion, and changes nothing.</summary>
    private static bool HasProfile(ReadOnlySpan<byte> file)
    {
        var head = file[..Math.Min(file.Length, LongestHead)];
        return head.IndexOf("ICC_PROFILE\0"u8) >= 0 || head.IndexOf("iCCP"u8) >= 0 || head.IndexOf("ICCP"u8) >= 0
            || head.IndexOf("colrprof"u8) >= 0 || head.IndexOf("colrrICC"u8) >= 0;
    }

    private byte[] Write(VipsImage image, PhotoFormat format, int quality)
    {
        var operation = format switch
        {
            PhotoFormat.WebP => new VipsOperation(vips, "webpsave_buffer"),
            PhotoFormat.Png => new VipsOperation(vips, "pngsave_buffer"),
            PhotoFormat.Heic => new VipsOperation(vips, "heifsave_buffer").Set("compression", "hevc"),
            _ => new VipsOperation(vips, "jpegsave_buffer").Set("interlace", "true").Set("optimize-coding", "true").Set("background", "255"),
        };
        if (format != PhotoFormat.Png)
        {
            operation.Set("Q", quality.ToString(CultureInfo.InvariantCulture));
        }

        var file = operation.Set("in", image).Set("strip", "true").Bytes();
        return format == PhotoFormat.WebP ? WebPMetadata.Strip(file) : file;
    }

    private double Likeness(byte[] file, PhotoFormat format, byte[] before, int width, int height)
    {
        fixed (byte* bytes = file)
        {
            var loader = format == PhotoFormat.WebP ? "webpload_buffer" : "jpegload_buffer";
            using var image = new VipsOperation(vips, loader).Set("buffer", bytes, file.Length).Image();
            return Ssim.Of(before, Ssim.Luma(image.Pixels(), width * height, image.Bands), width, height, 1);
        }
    }
}
