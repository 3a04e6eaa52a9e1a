namespace InstaGrpc.Photos;

/// <summary>A photo made smaller: without metadata, in sRGB, upright.</summary>
/// <param name="Bytes">The file.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Quality">That it was written with.</param>
public sealed record RenderedPhoto(byte[] Bytes, int Width, int Height, int Quality);
