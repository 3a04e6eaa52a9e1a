using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.Photos.Tests;

public sealed class DecoderTests(Decoding decoding) : IClassFixture<Decoding>
{
    [Theory]
    [InlineData(PhotoFormat.Jpeg)]
    [InlineData(PhotoFormat.Png)]
    [InlineData(PhotoFormat.WebP)]
    [InlineData(PhotoFormat.Heic)]
    public async Task APhotoIsRecognizedByItsBytesAndMadeSmaller(PhotoFormat format)
    {
        var photo = await decoding.PhotoAsync(1, 400, 300, format);

        var facts = await decoding.InspectAsync(photo);
        Assert.Equal((format, 400, 300), (facts.Format, facts.Width, facts.Height));

        var large = await decoding.RenderAsync(photo, new RenderRequest(320, false, PhotoFormat.WebP, 80));
        Assert.Equal((320, 240), (large.Width, large.Height));
        Assert.Equal(PhotoFormat.WebP, PhotoFormats.Detect(large.Bytes));
        var thumb = await decoding.RenderAsync(photo, new RenderRequest(150, true, PhotoFormat.Jpeg, 80));
        Assert.Equal((150, 150), (thumb.Width, thumb.Height));
        Assert.Equal(PhotoFormat.Jpeg, PhotoFormats.Detect(thumb.Bytes));
    }

    [Fact]
    public async Task ASmallPhotoIsNotMadeLarger()
    {
        var made = await decoding.RenderAsync(await decoding.PhotoAsync(2, 200, 100), new RenderRequest(640, false, PhotoFormat.WebP, 80));
        Assert.Equal((200, 100), (made.Width, made.Height));
    }

    [Fact]
    public async Task ADecoderThatIsKilledUnderAPhotoIsReplacedAndThePhotoTriedOnceMore()
    {
        using var own = new Decoding(new PhotoOptions { Decoders = 1 });
        // A signal that comes before or behind the photo ends the child as well: the next request finds it gone.
        var photo = await own.PhotoAsync(3, 2400, 1800, PhotoFormat.Jpeg);
        var killed = Assert.Single(own.Decoder.ProcessIds);

        var rendering = own.RenderAsync(photo, new RenderRequest(1080, false, PhotoFormat.WebP, 80));
        await SignalAsync(killed, "SEGV");
        var made = await rendering;

        Assert.Equal(1080, made.Width);
        Assert.NotEqual(killed, Assert.Single(own.Decoder.ProcessIds));
        await AssertGoneAsync(killed);
    }

    [Fact]
    public async Task ADecoderThatDiedWhileItWaitedCostsNobodyAnything()
    {
        using var own = new Decoding(new PhotoOptions { Decoders = 1 });
        var photo = await own.PhotoAsync(4, 400, 300);
        var killed = Assert.Single(own.Decoder.ProcessIds);
        await SignalAsync(killed, "SEGV");
        await AssertGoneAsync(killed);

        Assert.Equal(150, (await own.RenderAsync(photo, new RenderRequest(150, true, PhotoFormat.Jpeg, 80))).Width);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task APhotoThatNeedsMoreThanAPhotoMayIsRefusedAndTheNextOneIsServed(bool isMemory)
    {
        using var own = new Decoding(isMemory
            ? new PhotoOptions { Decoders = 1, DecoderMemory = 32 * 1024 * 1024 }
            : new PhotoOptions { Decoders = 1, DecoderCpu = TimeSpan.FromSeconds(1) });
        // A PNG that has to be turned can't be decoded line by line: its pixels have to be held, 120 MB of them. And one that is written at a hundred
        // qualities takes its time.
        var (photo, request) = isMemory
            ? (Photograph.WithChunk(GeneratedPicture.Png(new byte[8000 * 5000 * 3], 8000, 5000), "eXIf", Photograph.Place(orientation: 6)),
                new RenderRequest(8000, false, PhotoFormat.WebP, 80))
            : (GeneratedPicture.Png(5, 2000, 1500),
                new RenderRequest(2000, false, PhotoFormat.WebP, 100) { Budget = 1, LeastQuality = 1, LeastLikeness = 0 });
        await Assert.ThrowsAsync<PhotoRefusedException>(() => own.RenderAsync(photo, request));
        // The kernel ends who takes too long; who gets no memory may still say so.
        Assert.True(isMemory || own.Lost == 2, $"{own.Lost} decoders were lost");

        Assert.Equal(64, (await own.InspectAsync(GeneratedPicture.Png(5, 64, 48))).Width);
        if (isMemory)
        {
            using var usual = new Decoding(new PhotoOptions { Decoders = 1 });
            Assert.Equal(8000, (await usual.InspectAsync(photo)).Height);
        }
    }

    [Fact]
    public async Task APhotoForWhichThereIsNoTimeIsNotSaidToBeBad()
    {
        // It may be the machine that is slow.
        using var own = new Decoding(new PhotoOptions { Decoders = 1 });
        var png = GeneratedPicture.Png(5, 2000, 1500);
        await own.InspectAsync(png);
        own.Options.DecoderTime = TimeSpan.FromMilliseconds(1);
        await Assert.ThrowsAsync<PhotoDecoderUnavailableException>(() => own.RenderAsync(png, new RenderRequest(1080, false, PhotoFormat.WebP, 80)));
        Assert.Empty(own.Decoder.ProcessIds);

        own.Options.DecoderTime = TimeSpan.FromSeconds(30);
        Assert.Equal(1080, (await own.RenderAsync(png, new RenderRequest(1080, false, PhotoFormat.WebP, 80))).Width);
    }

    [Fact]
    public async Task ADecoderThatNeverStartsHoldsNoPlaceForEver()
    {
        using var folder = TestFolder.Create();
        var program = Path.Combine(folder.Path, "hangs");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nexec sleep 600\n");
        using (var change = Process.Start("chmod", ["700", program]))
        {
            await change.WaitForExitAsync();
        }

        using var own = new Decoding(new PhotoOptions { Decoders = 1, DecoderProgram = program, DecoderTime = TimeSpan.FromMilliseconds(100) });
        for (var i = 0; i < 2; i++)
        {
            var away = await Assert.ThrowsAsync<PhotoDecoderUnavailableException>(() => own.InspectAsync(GeneratedPicture.Png(5, 64, 48)));
            Assert.Contains("did not start", away.Message, StringComparison.Ordinal);
        }

        Assert.Empty(own.Decoder.ProcessIds);
    }

    [Fact]
    public async Task APhotoThatGoesWhileItsRequestWaitsCostsNoDecoder()
    {
        using var own = new Decoding(new PhotoOptions { Decoders = 1 });
        await own.InspectAsync(GeneratedPicture.Png(5, 64, 48));
        var child = Assert.Single(own.Decoder.ProcessIds);
        var opened = 0;
        // The first look tells the format; by the second the photo has gone to another tier.
        await Assert.ThrowsAsync<FileNotFoundException>(() => own.Decoder.InspectAsync(
            () => opened++ == 0 ? new MemoryStream(new byte[12]) : throw new FileNotFoundException("moved"), 12, CancellationToken.None).AsTask());

        Assert.Equal(2, opened);
        Assert.Equal(child, Assert.Single(own.Decoder.ProcessIds));
        Assert.Equal(0, own.Lost);
    }

    [Fact]
    public async Task AChildHasLimitsAndNoneOfOurVariables()
    {
        await decoding.PhotoAsync(6, 64, 64);
        var child = decoding.Decoder.ProcessIds.First();
        var limits = (await File.ReadAllLinesAsync($"/proc/{child}/limits")).ToDictionary(static line => line[..26].Trim(), static line => line[26..46].Trim());
        Assert.Equal("0", limits["Max core file size"]);
        Assert.Equal("0", limits["Max file size"]);
        Assert.NotEqual("unlimited", limits["Max address space"]);
        Assert.NotEqual("unlimited", limits["Max cpu time"]);

        Environment.SetEnvironmentVariable("INSTA_TEST_SECRET", "secret");
        using var own = new Decoding();
        await own.PhotoAsync(6, 64, 64);
        var variables = await File.ReadAllTextAsync($"/proc/{own.Decoder.ProcessIds.First()}/environ");
        Assert.Contains("DOTNET_GCHeapHardLimit", variables, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", variables, StringComparison.Ordinal);
    }

    private static async Task SignalAsync(int process, string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private static async Task AssertGoneAsync(int process)
    {
        var until = Stopwatch.StartNew();
        while (Directory.Exists($"/proc/{process}") && !(await File.ReadAllTextAsync($"/proc/{process}/stat")).Contains(") Z", StringComparison.Ordinal))
        {
            Assert.True(until.Elapsed < TimeSpan.FromSeconds(30), "it lives on");
            await Task.Yield();
        }
    }
}
