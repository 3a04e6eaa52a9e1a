using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace InstaGrpc.Mesh.GrpcWeb;

/// <summary>
/// The answer of a gRPC-Web call. gRPC's server writes messages and trailers as it does over HTTP/2; the messages go out as they are (or as
/// base64), and the trailers become the body's last frame, since browsers give no trailers to scripts.
/// </summary>
internal sealed class GrpcWebResponse : IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IHttpResetFeature
{
    /// <summary>The most significant bit of a frame's first byte: what follows are trailers.</summary>
    private const byte TrailersFlag = 0x80;

    private const int FrameHeader = 5;

    private readonly HttpContext _http;
    private readonly IHttpResponseBodyFeature _inner;
    private readonly Base64Writer? _text;
    private GZipStream? _zip;
    private PipeWriter? _zipped;
    private Stream? _stream;
    private bool _ended;

    public GrpcWebResponse(HttpContext http, IHttpResponseBodyFeature inner, bool isText)
    {
        (_http, _inner) = (http, inner);
        _text = isText ? new Base64Writer(inner.Writer) : null;
    }

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public PipeWriter Writer => _zipped ?? _text ?? _inner.Writer;

    /// <summary>
    /// From now on the body is compressed, if the caller takes that: by HTTP's means, because browsers undo them, while no client in one reads
    /// gRPC's compressed messages. Before anything was written; not for streams, whose messages would wait for each other.
    /// </summary>
    public void Compress()
    {
        var (request, response) = (_http.Request, _http.Response);
        response.Headers.Append("Vary", "Accept-Encoding");
        if (_text is not null || !request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        _zip = new GZipStream(_inner.Writer.AsStream(leaveOpen: true), CompressionLevel.Fastest);
        _zipped = PipeWriter.Create(_zip, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public Stream Stream => _stream ??= Writer.AsStream();

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("A gRPC call answers with messages.");

    public async Task CompleteAsync()
    {
        await EndAsync().ConfigureAwait(false);
        await _inner.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// At a call's deadline the server completes the answer, with its status, and then resets the stream, since its handler may still run. An answer
    /// that is complete needs no reset; the connection of one that is not is of no use any more.
    /// </summary>
    public void Reset(int errorCode)
    {
        if (!_ended)
        {
            _http.Abort();
        }
    }

    /// <summary>Writes the trailers' frame, once. An answer of trailers alone has them among its headers, and no body.</summary>
    public ValueTask EndAsync()
    {
        if (_ended)
        {
            return ValueTask.CompletedTask;
        }

        _ended = true;
        if (Trailers.Count > 0)
        {
            WriteTrailers();
        }

        return _text is null && _zip is null ? ValueTask.CompletedTask : FlushAsync();
    }

    private async ValueTask FlushAsync()
    {
        await Writer.FlushAsync().ConfigureAwait(false);
        if (_zip is not null)
        {
            await _zip.DisposeAsync().ConfigureAwait(false);
        }
    }

    // "The trailers are encoded as an HTTP/1 header block without the terminating newline; keys in lower case."
    private void WriteTrailers()
    {
        var block = new StringBuilder();
        foreach (var (name, values) in Trailers)
        {
            foreach (var value in values)
            {
                block.Append(name.ToLowerInvariant()).Append(": ").Append(value).Append("\r\n");
            }
        }

        // Metadata in ASCII; what is not has been percent-encoded by whoever set it.
        var length = block.Length;
        var frame = Writer.GetSpan(FrameHeader + length);
        frame[0] = TrailersFlag;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], length);
        Encoding.ASCII.GetBytes(block.ToString(), frame[FrameHeader..]);
        Writer.Advance(FrameHeader + length);
    }
}
