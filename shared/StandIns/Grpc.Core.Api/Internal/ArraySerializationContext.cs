using System.Buffers;

namespace Grpc.Core.Internal;

/// <summary>Collects one message in memory.</summary>
internal sealed class ArraySerializationContext : SerializationContext
{
    private ArrayBufferWriter<byte>? _writer;
    private byte[]? _payload;

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        CheckNotComplete();
        _payload = payload;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        CheckNotComplete();
        return _writer ??= new ArrayBufferWriter<byte>();
    }

    public override void Complete()
    {
        CheckNotComplete();
        _payload = _writer is null ? [] : _writer.WrittenSpan.ToArray();
    }

    public byte[] GetPayload() =>
        _payload ?? throw new InvalidOperationException("The serializer returned without calling SerializationContext.Complete.");

    private void CheckNotComplete()
    {
        if (_payload is not null)
        {
            throw new InvalidOperationException("The serialization is complete: call SerializationContext.Complete once, last.");
        }
    }
}
