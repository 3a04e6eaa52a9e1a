namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>A photo could not be read on its way to a decoder.</summary>
/// <param name="reason">What the photo's stream threw.</param>
internal sealed class UnreadablePhotoException(IOException reason) : Exception(reason.Message, reason)
{
    public IOException Reason => reason;
}
