using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller puts a message: either one array, or a buffer writer that is completed.</summary>
public abstract class SerializationContext
{
    /// <summary>Ends the serialization with this payload. Call either this or <see cref="Complete()"/>, once.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The writer to serialize into; finish with <see cref="Complete()"/>.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Length of the payload in bytes, when known before writing.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends the serialization with what was written to the buffer writer.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
