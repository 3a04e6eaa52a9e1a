namespace InstaGrpc.Photos.Internal.Vips;

/// <summary>libvips refused an operation; the message is its own.</summary>
internal sealed class VipsException(string message) : Exception(message);
