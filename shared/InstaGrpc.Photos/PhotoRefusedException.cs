namespace InstaGrpc.Photos;

/// <summary>These bytes are no photo that is taken; the message says what is wrong and reads after "the file": "is cut off: …".</summary>
public sealed class PhotoRefusedException(string message) : Exception(message);
