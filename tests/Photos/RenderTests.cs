namespace InstaGrpc.Photos.Tests;

public sealed class RenderTests(Decoding decoding) : IClassFixture<Decoding>
{
    /// <summary>The 20 pictures of <see cref="TheLargeVariantsOfTwentyPicturesAreSmallAndAlike"/>.</summary>
    private static readonly int[] _pictures = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120];

    [Theory]
    [InlineData(1, 80, 60, 0, 0)]
    [InlineData(2, 80, 60, 79, 0)]
    [InlineData(3, 80, 60, 79, 59)]
    [InlineData(4, 80, 60, 0, 59)]
    [InlineData(5, 60, 80, 0, 0)]
    [InlineData(6, 60, 80, 59, 0)]
    [InlineData(7, 60, 80, 59, 79)]
    [InlineData(8, 60, 80, 0, 79)]
    public async Task OrientationIsApplied(int orientation, int width, int height, int x, int y)
    {
        // The corner that is stored first is red.
        var pixels = new byte[80 * 60 * 3];
        for (var row = 0; row < 16; row++)
        {
            for (var column = 0; column < 16; column++)
            {
                pixels[((row * 80) + column) * 3] = 255;
            }
        }

        var jpeg = (await decoding.RenderAsync(GeneratedPicture.Png(pixels, 80, 60), new RenderRequest(80, false, PhotoFormat.Jpeg, 95))).Bytes;
        var photo = Photograph.WithExif(jpeg, orientation);

        var facts = await decoding.InspectAsync(photo);
        Assert.Equal((width, height), (facts.Width, facts.Height));
        var shown = await decoding.PixelsAsync((await decoding.RenderAsync(photo, new RenderRequest(200, false, PhotoFormat.WebP, 95))).Bytes);
        Assert.Equal((width, height), (shown.Width, shown.Height));
        Assert.True(shown.Bytes[((y * width) + x) * 3] > 150, "the corner is not where it is looked for");
        Assert.True(shown.Bytes[(((height - 1 - y) * width) + (width - 1 - x)) * 3] < 100, "the opposite corner is red");
    }

    [Fact]
    public async Task NoMetadataIsInAVariantAndNoPlaceInAnOriginal()
    {
        var jpeg = Photograph.WithXmp(
            Photograph.WithExif(await decoding.PhotoAsync(1, 320, 240), 1), "<rdf:Description exif:GPSLongitude='11'><exif:GPSLatitude>48,8.1N</exif:GPSLatitude>");
        foreach (var format in (PhotoFormat[])[PhotoFormat.Jpeg, PhotoFormat.WebP])
        {
            var made = (await decoding.RenderAsync(jpeg, new RenderRequest(160, false, format, 80))).Bytes;
            foreach (var mark in (string[])["Exif", "EXIF", "http://ns.adobe.com", "ICC", "48,8"])
            {
                Assert.False(made.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(mark)) >= 0, $"{format} holds {mark}");
            }
        }

        var facts = await decoding.InspectAsync(jpeg);
        Assert.NotEmpty(facts.Patches);
        var patched = jpeg.ToArray();
        foreach (var patch in facts.Patches)
        {
            patch.Bytes.Span.CopyTo(patched.AsSpan(patch.Offset));
        }

        Assert.True(patched.AsSpan().IndexOf("48,8.1N"u8) < 0);
        // The seconds of the latitude, 1234/100.
        Assert.True(jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 0, 4, 210, 0, 0, 0, 100]) > 0);
        Assert.True(patched.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 0, 4, 210, 0, 0, 0, 100]) < 0);
        // What would be patched once more is what stands there.
        Assert.All(
            (await decoding.InspectAsync(patched)).Patches,
            patch => Assert.Equal(patch.Bytes.ToArray(), patched.AsSpan(patch.Offset, patch.Bytes.Length).ToArray()));
    }

    [Fact]
    public async Task TheColourProfileIsHonoured()
    {
        var red = new byte[64 * 64 * 3];
        for (var i = 0; i < red.Length; i += 3)
        {
            red[i] = 200;
        }

        var jpeg = (await decoding.RenderAsync(GeneratedPicture.Png(red, 64, 64), new RenderRequest(64, false, PhotoFormat.Jpeg, 95))).Bytes;
        var made = await decoding.RenderAsync(Photograph.WithSwappedColours(jpeg), new RenderRequest(64, false, PhotoFormat.WebP, 95));
        var pixels = await decoding.PixelsAsync(made.Bytes);
        // The photo says that its first channel is the light that sRGB calls green.
        Assert.True(pixels.Bytes[1] > 150 && pixels.Bytes[0] < 90, $"{pixels.Bytes[0]} {pixels.Bytes[1]} {pixels.Bytes[2]}");
    }

    [Fact]
    public async Task TheLargeVariantsOfTwentyPicturesAreSmallAndAlike()
    {
        foreach (var format in (PhotoFormat[])[PhotoFormat.WebP, PhotoFormat.Jpeg])
        {
            var lengths = new List<int>();
            foreach (var number in _pictures)
            {
                var photo = await decoding.PhotoAsync(number, 1200, 900, PhotoFormat.Jpeg, 95);
                var made = await decoding.RenderAsync(photo, new RenderRequest(1080, false, format, 80) { Budget = 200_000 });
                var before = await decoding.PixelsAsync(photo, 1080);
                var after = await decoding.PixelsAsync(made.Bytes);
                var likeness = Ssim.Of(before.Bytes, after.Bytes, 1080, 810, 3);
                Assert.True(likeness >= 0.95, $"picture {number} as {format} at {made.Quality}: {likeness:0.000}, {made.Bytes.Length} bytes");
                lengths.Add(made.Bytes.Length);
            }

            lengths.Sort();
            Assert.InRange((lengths[9] + lengths[10]) / 2, 1, 200_000);
        }
    }

    [Fact]
    public async Task AboveTheBudgetTheQualityStepsDownAsFarAsItLooksAlikeAndNotBelowSixty()
    {
        var photo = await decoding.PhotoAsync(7, 640, 480, PhotoFormat.Jpeg, 95);
        var request = new RenderRequest(640, false, PhotoFormat.WebP, 80);
        Assert.Equal(80, (await decoding.RenderAsync(photo, request)).Quality);
        Assert.Equal(60, (await decoding.RenderAsync(photo, request with { Budget = 1, LeastLikeness = 0 })).Quality);
        Assert.Equal(80, (await decoding.RenderAsync(photo, request with { Budget = 1, LeastLikeness = 1 })).Quality);
    }

    [Fact]
    public void LikenessIsOneForTheSameAndLittleForNoise()
    {
        var one = GeneratedPicture.Pixels(1, 64, 64);
        var noise = new byte[one.Length];
        new Random(1).NextBytes(noise);
        Assert.Equal(1, Ssim.Of(one, one, 64, 64, 3), 9);
        Assert.InRange(Ssim.Of(one, noise, 64, 64, 3), -0.2, 0.2);
    }
}
