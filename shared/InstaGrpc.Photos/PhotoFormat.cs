namespace InstaGrpc.Photos;

/// <summary>What a photo's bytes are. The numbers are stored.</summary>
public enum PhotoFormat
{
    /// <summary>None of those that are taken.</summary>
    Unknown = 0,

    /// <summary>image/jpeg</summary>
    Jpeg = 1,

    /// <summary>image/png</summary>
    Png = 2,

    /// <summary>image/webp</summary>
    WebP = 3,

    /// <summary>image/heic</summary>
    Heic = 4,
}
