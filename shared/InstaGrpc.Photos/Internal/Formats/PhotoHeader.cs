namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>What a file says of itself, read by our own bounds-checked code before any decoder sees it.</summary>
/// <param name="Width">Pixels, before orientation is applied.</param>
/// <param name="Height">Pixels.</param>
/// <param name="End">Where the image ends in the file.</param>
internal readonly record struct PhotoHeader(int Width, int Height, int End);
