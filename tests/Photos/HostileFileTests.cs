using System.Buffers.Binary;
using System.Globalization;

namespace InstaGrpc.Photos.Tests;

public sealed class HostileFileTests(Decoding decoding) : IClassFixture<Decoding>
{
    private const int Mutations = 60;

    [Fact]
    public async Task WhatIsNoStillPhotoIsRefusedInWords()
    {
        var png = GeneratedPicture.Png(1, 64, 48);
        var jpeg = await decoding.PhotoAsync(1, 64, 48);
        var webp = await decoding.PhotoAsync(1, 64, 48, PhotoFormat.WebP);
        var heic = await decoding.PhotoAsync(1, 64, 48, PhotoFormat.Heic);
        (byte[] File, string Says)[] files =
        [
            ([], "empty"),
            ("just some text"u8.ToArray(), "not an image"),
            ("GIF89a..............."u8.ToArray(), "a GIF"),
            ("%PDF-1.7 ............"u8.ToArray(), "a PDF"),
            ("<svg onload='alert(1)'/>"u8.ToArray(), "an SVG"),
            ("<!doctype html><html></html>"u8.ToArray(), "a web page"),
            ("PK\x03\x04 ............."u8.ToArray(), "a ZIP archive"),
            ([.. jpeg[..^30]], "cut off"), ([.. png[..^30]], "cut off"), ([.. webp[..^30]], "cut off"), ([.. heic[..^30]], "cut off"),
            (Huge(png), "50000 x 50000"), (HugeJpeg(jpeg), "50000 x 50000"), (HugeHeic(heic), "50000 x 50000"),
            (WithBrands(heic, "hevc", "mif1"), "a moving HEIC"), (WithBrands(heic, "mif1", "avif"), "an AVIF"),
            (WithBrands(heic, "avif", "mif1"), "brand avif"),
            ([.. jpeg, .. "PK\x03\x04 and the rest of an archive"u8], "hidden"),
            ([.. png, .. "<html><script>alert(1)</script>"u8], "hidden"),
            (Photograph.WithSegment(jpeg, 0xFE, "<script>alert(1)</script>"u8.ToArray()), "script"),
            (Photograph.WithSegment(jpeg, 0xFE, "%PDF-1.4 obj"u8.ToArray()), "PDF too"),
            ([.. jpeg, 0, 0, .. "PK\x05\x06"u8, .. new byte[18]], "hidden"),
            (WithChunk(png, "acTL"u8, new byte[8]), "animated"),
            (Animated(webp), "animated"),
        ];
        foreach (var (file, says) in files)
        {
            var refusal = await Assert.ThrowsAsync<PhotoRefusedException>(() => decoding.InspectAsync(file));
            Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WhatPhonesPutBehindAPhotoIsTaken()
    {
        var jpeg = await decoding.PhotoAsync(1, 64, 48);
        byte[][] files =
        [
            [.. jpeg, .. new byte[300]],
            [.. jpeg, .. jpeg],
            [.. jpeg, 0, 0, 0, 0x1C, .. "ftypmp42 a film"u8],
            [.. jpeg, .. "some maker's notes SEFT"u8],
        ];
        foreach (var file in files)
        {
            Assert.Equal(64, (await decoding.InspectAsync(file)).Width);
        }
    }

    [Fact]
    public async Task MoreThanTwoHundredDamagedFilesAreRefusedOrDecodedAndTheDecoderLivesInLittleMemory()
    {
        using var own = new Decoding(new PhotoOptions { Decoders = 1 });
        byte[][] whole =
        [
            // The first two start the children of both kinds.
            await own.PhotoAsync(5, 320, 240, PhotoFormat.Heic),
            await own.PhotoAsync(1, 320, 240), await own.PhotoAsync(2, 320, 240, PhotoFormat.Png), await own.PhotoAsync(3, 320, 240, PhotoFormat.WebP),
            Photograph.WithSwappedColours(Photograph.WithExif(await own.PhotoAsync(4, 320, 240), 6)),
        ];
        var random = new Random(20_260_101);
        var children = own.Decoder.ProcessIds.Order().ToArray();
        var (taken, refused) = (0, 0);
        foreach (var photo in whole)
        {
            for (var i = 0; i < Mutations; i++)
            {
                var damaged = Damage(photo, random, i);
                try
                {
                    var facts = await own.InspectAsync(damaged);
                    Assert.InRange((long)facts.Width * facts.Height, 1, own.Options.MostPixels);
                    taken++;
                    // What is taken can be shown, or is refused once more: never more than a refusal.
                    await own.RenderAsync(damaged, new RenderRequest(150, true, PhotoFormat.WebP, 80));
                }
                catch (PhotoRefusedException)
                {
                    refused++;
                }
            }
        }

        Assert.True(taken > 10 && refused > 50, $"{taken} taken, {refused} refused");
        // None of them was refused because it crashed its decoder.
        Assert.Equal((2, 0), (children.Length, own.Lost));
        Assert.Equal(children, own.Decoder.ProcessIds.Order());
        foreach (var child in own.Decoder.ProcessIds)
        {
            var peak = (await File.ReadAllLinesAsync($"/proc/{child}/status")).Single(static line => line.StartsWith("VmHWM", StringComparison.Ordinal));
            Assert.InRange(int.Parse(peak.Split(' ')[^2], CultureInfo.InvariantCulture), 1, 400_000); // kB
        }
    }

    private static byte[] Damage(byte[] photo, Random random, int round)
    {
        var damaged = photo.ToArray();
        switch (round % 4)
        {
            case 0: // one byte of the header
                damaged[random.Next(Math.Min(200, damaged.Length))] = (byte)random.Next(256);
                break;
            case 1: // several anywhere
                for (var n = 0; n < 12; n++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                break;
            case 2: // a piece is missing
                var (from, length) = (random.Next(damaged.Length / 2), random.Next(1, damaged.Length / 3));
                damaged = [.. damaged[..from], .. damaged[(from + length)..]];
                break;
            default: // a piece is another's
                random.NextBytes(damaged.AsSpan(random.Next(damaged.Length - 40), 40));
                break;
        }

        return damaged;
    }

    private static byte[] Huge(byte[] png)
    {
        var huge = png.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(16), 50_000);
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(20), 50_000);
        return huge;
    }

    private static byte[] HugeJpeg(byte[] jpeg)
    {
        var huge = jpeg.ToArray();
        var frame = huge.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC2]); // progressive
        BinaryPrimitives.WriteUInt16BigEndian(huge.AsSpan(frame + 5), 50_000);
        BinaryPrimitives.WriteUInt16BigEndian(huge.AsSpan(frame + 7), 50_000);
        return huge;
    }

    /// <summary>The size of the photo stands in the largest box ispe.</summary>
    private static byte[] HugeHeic(byte[] heic)
    {
        var huge = heic.ToArray();
        var size = huge.AsSpan().IndexOf("ispe"u8);
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(size + 8), 50_000);
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(size + 12), 50_000);
        return huge;
    }

    /// <summary>The box ftyp has the brand first, and those that the file is also of from the ninth byte of its content on.</summary>
    private static byte[] WithBrands(byte[] heic, string first, string other)
    {
        var rest = BinaryPrimitives.ReadInt32BigEndian(heic);
        return [0, 0, 0, 20, .. "ftyp"u8, .. System.Text.Encoding.ASCII.GetBytes(first), 0, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(other), .. heic[rest..]];
    }

    private static byte[] WithChunk(byte[] png, ReadOnlySpan<byte> type, byte[] data)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        return [.. png[..33], .. length, .. type, .. data, .. new byte[4], .. png[33..]];
    }

    private static byte[] Animated(byte[] webp)
    {
        byte[] chunk = [.. "VP8X"u8, 10, 0, 0, 0, 0x02, 0, 0, 0, 63, 0, 0, 47, 0, 0];
        byte[] file = [.. webp[..12], .. chunk, .. webp[12..]];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }
}
