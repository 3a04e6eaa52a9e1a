using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using InstaGrpc.Photos.Internal.Formats;

namespace InstaGrpc.Photos.Tests;

/// <summary>Where a photo was taken, in every place where phones and programs write it.</summary>
public sealed class PlaceTests(Decoding decoding) : IClassFixture<Decoding>
{
    private const string Xmp = "<rdf:RDF><rdf:Description e:GPSLongitude='11'><e:GPSLatitude>48,8.1N</e:GPSLatitude></rdf:RDF>";
    private static readonly byte[] _latitude = "48,8.1N"u8.ToArray();

    [Fact]
    public async Task APlaceIsTakenOutOfWhateverKeepsItAndThePhotoIsWholeAfterwards()
    {
        var jpeg = await decoding.PhotoAsync(1, 64, 48);
        var png = GeneratedPicture.Png(1, 64, 48);
        var webp = await decoding.PhotoAsync(1, 64, 48, PhotoFormat.WebP);
        var heic = await decoding.PhotoAsync(1, 64, 48, PhotoFormat.Heic);
        byte[] packet = [.. "XML:com.adobe.xmp\0"u8, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(Xmp)];
        byte[] packed = [.. "XML:com.adobe.xmp\0"u8, 1, 0, 0, 0, .. Packed(Xmp)];
        byte[] profile = [.. "Raw profile type exif\0\0"u8, .. Packed("\nexif\n      92\n" + Convert.ToHexStringLower(Photograph.Place()))];
        (string Where, byte[] File, byte[] Mark)[] photos =
        [
            ("JPEG, Exif", Photograph.WithExif(jpeg, 1), Photograph.Seconds),
            ("JPEG, XMP", Photograph.WithXmp(jpeg, Xmp), _latitude),
            ("JPEG, a further image", [.. jpeg, 0, 0, .. Photograph.WithExif(jpeg, 1)], Photograph.Seconds),
            ("JPEG, a film behind", [.. jpeg, 0, 0, 0, 0x1C, .. "ftypmp42 \xA9xyz "u8, .. _latitude], _latitude),
            ("JPEG, a film behind a further image", [.. jpeg, .. jpeg, 0, 0, 0, 0x1C, .. "ftypmp42 "u8, .. _latitude], _latitude),
            ("JPEG, a maker's trailer", [.. jpeg, .. _latitude, .. "SEFT"u8], _latitude),
            ("PNG, eXIf", Photograph.WithChunk(png, "eXIf", Photograph.Place()), Photograph.Seconds),
            ("PNG, iTXt", Photograph.WithChunk(png, "iTXt", packet), _latitude),
            ("PNG, iTXt, compressed", Photograph.WithChunk(png, "iTXt", packed), "com.adobe.xmp"u8.ToArray()),
            ("PNG, zTXt", Photograph.WithChunk(png, "zTXt", profile), "Raw profile"u8.ToArray()),
            ("WebP, EXIF", Photograph.WithChunks(webp, 64, 48, ("junk", "EXIF and so on"u8.ToArray()), ("EXIF", Photograph.Place())), Photograph.Seconds),
            ("WebP, EXIF as in JPEG", Photograph.WithChunks(webp, 64, 48, ("EXIF", [.. "Exif\0\0"u8, .. Photograph.Place()])), Photograph.Seconds),
            ("WebP, XMP", Photograph.WithChunks(webp, 64, 48, ("XMP ", Encoding.UTF8.GetBytes(Xmp))), _latitude),
            ("HEIC, Exif", [.. heic, 0, 0, 0, 106, .. "free"u8, .. "Exif\0\0"u8, .. Photograph.Place()], Photograph.Seconds),
            ("HEIC, XMP", [.. heic, 0, 0, 0, (byte)(8 + Xmp.Length), .. "free"u8, .. Encoding.UTF8.GetBytes(Xmp)], _latitude),
        ];
        foreach (var (where, file, mark) in photos)
        {
            Assert.True(file.AsSpan().IndexOf(mark) > 0, where);
            var facts = await decoding.InspectAsync(file);
            var stored = Stored(file, facts);
            Assert.True(stored.AsSpan().IndexOf(mark) < 0, where);

            // Nothing else was touched: it is still a photo, its checksums are right, and there is nothing more to take out.
            var again = await decoding.InspectAsync(stored);
            Assert.Equal((facts.Format, 64, 48, stored.Length), (again.Format, again.Width, again.Height, again.Length));
            Assert.Equal(stored, Stored(stored, again));
            AssertChecksums(stored, where);
        }
    }

    [Fact]
    public async Task PlacesThatClaimToBeLongCostNoMemory()
    {
        // The rest of a large photo follows what claims to hold it.
        var jpeg = Photograph.WithSegment(await decoding.PhotoAsync(1, 64, 48), 0xE1, [.. "Exif\0\0"u8, .. Photograph.LongPlaces(3, 28_000_000)]);
        var facts = await decoding.InspectAsync([.. jpeg, .. new byte[29_000_000]]);
        Assert.Equal(64, facts.Width);
        Assert.InRange(facts.Patches.Sum(static patch => patch.Bytes.Length), 1, 64 * 1024);

        var png = GeneratedPicture.Png(1, 64, 48);
        byte[] text = [.. "XML:com.adobe.xmp\0"u8, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(Xmp), .. new byte[20_000_000]];
        facts = await decoding.InspectAsync(Photograph.WithChunk(png, "iTXt", text));
        Assert.InRange(facts.Patches.Sum(static patch => patch.Bytes.Length), 1, 64 * 1024);

        byte[][] refused =
        [
            Photograph.WithChunk(png, "iTXt", [.. "XML:com.adobe.xmp\0"u8, 0, 0, 0, 0, .. Repeated(" e:GPSLatitude='48'"u8, 200_000)]),
            Photograph.WithChunk(png, "zTXt", [.. "Raw profile type exif\0\0"u8, .. new byte[2_000_000]]),
            Photograph.WithChunk(png, "eXIf", [.. Photograph.LongPlaces(500, 60_000), .. new byte[60_000]]),
        ];
        foreach (var file in refused)
        {
            var refusal = await Assert.ThrowsAsync<PhotoRefusedException>(() => decoding.InspectAsync(file));
            Assert.Contains("in more places than a photo has", refusal.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Stored(byte[] file, PhotoFacts facts)
    {
        var stored = file[..facts.Length];
        foreach (var patch in facts.Patches)
        {
            patch.Bytes.Span.CopyTo(stored.AsSpan(patch.Offset));
        }

        return stored;
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest))
        {
            zlib.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static byte[] Repeated(ReadOnlySpan<byte> text, int times)
    {
        var all = new byte[text.Length * times];
        for (var i = 0; i < times; i++)
        {
            text.CopyTo(all.AsSpan(i * text.Length));
        }

        return all;
    }

    private static void AssertChecksums(byte[] file, string where)
    {
        if (PhotoFormats.Detect(file) != PhotoFormat.Png)
        {
            return;
        }

        for (var at = 8; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var checksum = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length));
            Assert.True(checksum == Crc32.Of(file.AsSpan(at + 4, length + 4)), where);
            at += length + 12;
        }
    }
}
