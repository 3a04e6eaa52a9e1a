namespace InstaGrpc.Photos.Internal.Formats;

/// <summary>A marker of a JPEG with what belongs to it.</summary>
/// <param name="Marker">Its second byte.</param>
/// <param name="Start">Of its content, behind the length.</param>
/// <param name="End">Behind its content, in the file.</param>
internal readonly record struct JpegSegment(byte Marker, int Start, int End);
