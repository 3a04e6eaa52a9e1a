namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>What a child process answered.</summary>
/// <param name="Refused">Whether <paramref name="Payload"/> says why, in UTF-8.</param>
/// <param name="Format">Of the photo that was asked about.</param>
/// <param name="Quality">That it was written with.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Kept">Bytes of the photo that are kept, when it was inspected.</param>
/// <param name="Payload">File, pixels or patches.</param>
internal sealed record DecoderAnswer(bool Refused, PhotoFormat Format, int Quality, int Width, int Height, int Kept, byte[] Payload);
