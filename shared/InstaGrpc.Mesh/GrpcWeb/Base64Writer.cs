using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>
/// Writes base64. What is flushed together is encoded together, with its own padding, so that a reader can decode each message of a stream when
/// it comes ("application/grpc-web-text": base64 of chunks).
/// </summary>
internal sealed class Base64Writer(PipeWriter inner) : PipeWriter
{
    private readonly ArrayBufferWriter<byte> _plain = new();

    public override void Advance(int bytes) => _plain.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _plain.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _plain.GetSpan(sizeHint);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _plain.WrittenCount;

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        Encode();
        inner.Complete(exception);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Encode();
        return inner.FlushAsync(cancellationToken);
    }

    private void Encode()
    {
        if (_plain.WrittenCount == 0)
        {
            return;
        }

        var text = inner.GetSpan(Base64.GetMaxEncodedToUtf8Length(_plain.WrittenCount));
        Base64.EncodeToUtf8(_plain.WrittenSpan, text, out _, out var written);
        inner.Advance(written);
        _plain.ResetWrittenCount();
    }
}
