namespace Grpc.Net.Internal;

/// <summary>
/// .NET's compressing streams write nothing at all when nothing is written to them, but a compressed message of no bytes is not
/// valid gzip or zlib: grpc-go answers "failed to decompress the message: EOF". This stream writes the format's empty form then.
/// </summary>
internal sealed class NeverEmptyStream(Stream compressing, Stream target, byte[] emptyForm) : Stream
{
    private bool _isEmpty = true;
    private bool _isDisposed;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => !_isDisposed;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _isEmpty &= buffer.IsEmpty;
        compressing.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _isEmpty &= buffer.IsEmpty;
        return compressing.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => compressing.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => compressing.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await compressing.DisposeAsync().ConfigureAwait(false);
            if (_isEmpty)
            {
                await target.WriteAsync(emptyForm).ConfigureAwait(false);
            }
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            compressing.Dispose();
            if (_isEmpty)
            {
                target.Write(emptyForm);
            }
        }

        base.Dispose(disposing);
    }
}
