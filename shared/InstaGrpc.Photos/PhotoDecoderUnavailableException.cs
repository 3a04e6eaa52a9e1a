namespace InstaGrpc.Photos;

/// <summary>No child process can be started (the machine lacks libvips or the program), or none has the time; the message says which.</summary>
public sealed class PhotoDecoderUnavailableException(string message, Exception? inner) : Exception(message, inner);
