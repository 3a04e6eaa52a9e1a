using System.Buffers;

namespace Grpc.Core;

/// <summary>The bytes of one message. The sequence is valid only until the deserializer returns.</summary>
public abstract class DeserializationContext
{
    public virtual int PayloadLength => throw new NotImplementedException();

    /// <summary>The payload in an array that the caller may keep.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotImplementedException();
}
