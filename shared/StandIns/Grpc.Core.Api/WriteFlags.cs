namespace Grpc.Core;

/// <summary>Hints for sending a message.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message may be kept back to be sent with the next one.</summary>
    BufferHint = 0x1,

    /// <summary>The message is sent uncompressed, also in a call with compression.</summary>
    NoCompress = 0x2,
}
