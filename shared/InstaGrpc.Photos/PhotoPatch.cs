namespace InstaGrpc.Photos;

/// <summary>Bytes that replace as many others.</summary>
/// <param name="Offset">From the file's start.</param>
/// <param name="Bytes">What stands there then.</param>
public readonly record struct PhotoPatch(int Offset, ReadOnlyMemory<byte> Bytes);
