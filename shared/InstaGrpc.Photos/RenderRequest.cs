namespace InstaGrpc.Photos;

/// <summary>How a photo is to be made smaller.</summary>
/// <param name="Width">Pixels at most; a smaller photo keeps its size.</param>
/// <param name="IsSquare">Cut out of the middle; else at most four times as high as wide.</param>
/// <param name="Format">What to write.</param>
/// <param name="Quality">1 to 100, of the first attempt.</param>
public sealed record RenderRequest(int Width, bool IsSquare, PhotoFormat Format, int Quality)
{
    /// <summary>Bytes above which a lower quality is tried. None by default.</summary>
    public int Budget { get; init; } = int.MaxValue;

    /// <summary>The lowest quality tried. 60 by default.</summary>
    public int LeastQuality { get; init; } = 60;

    /// <summary>The likeness (<see cref="Ssim"/>) to the picture before it was compressed below which a lower quality is not taken. 0.95 by default.</summary>
    public float LeastLikeness { get; init; } = 0.95f;
}
