namespace InstaGrpc.Photos;

/// <summary>What is known of a <see cref="PhotoFormat"/>.</summary>
public static class PhotoFormats
{
    /// <summary>How many bytes <see cref="Detect"/> looks at.</summary>
    public const int HeadBytes = 12;

    /// <summary>By the first bytes, whatever a name or a header says.</summary>
    public static PhotoFormat Detect(ReadOnlySpan<byte> head) => head switch
    {
        [0xFF, 0xD8, 0xFF, ..] => PhotoFormat.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, ..] => PhotoFormat.Png,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => PhotoFormat.WebP,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] when IsHeic(head[8..]) => PhotoFormat.Heic,
        _ => PhotoFormat.Unknown,
    };

    /// <summary>As "image/webp".</summary>
    public static string ContentType(this PhotoFormat format) => format switch
    {
        PhotoFormat.Jpeg => "image/jpeg",
        PhotoFormat.Png => "image/png",
        PhotoFormat.WebP => "image/webp",
        PhotoFormat.Heic => "image/heic",
        _ => "application/octet-stream",
    };

    /// <summary>As "webp".</summary>
    public static string Extension(this PhotoFormat format) => format switch
    {
        PhotoFormat.Jpeg => "jpg",
        PhotoFormat.Png => "png",
        PhotoFormat.WebP => "webp",
        PhotoFormat.Heic => "heic",
        _ => "bin",
    };

    // The brands of ISO/IEC 23008-12 for still images coded with HEVC; mif1 is the general one, which phones write too.
    private static bool IsHeic(ReadOnlySpan<byte> brand) =>
        brand.StartsWith("heic"u8) || brand.StartsWith("heix"u8) || brand.StartsWith("heim"u8) || brand.StartsWith("heis"u8) || brand.StartsWith("mif1"u8);
}
