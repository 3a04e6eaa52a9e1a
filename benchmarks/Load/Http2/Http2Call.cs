using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Grpc.Core;

namespace InstaGrpc.Load.Http2;

/// <summary>A unary call on a connection. The connection's reader alone touches it until it ends.</summary>
internal abstract class Http2Call(DateTime? deadline, CancellationToken cancellation)
{
    private const int PrefixBytes = 5;

    private byte[] _body = [];
    private int _length;
    private int? _status;
    private string _message = "";
    private string _httpStatus = "";

    public DateTime? Deadline => deadline;

    public CancellationToken Cancellation => cancellation;

    public Metadata Trailers { get; } = [];

    public Status Status { get; private set; }

    public void OnHeader(string name, string value)
    {
        switch (name)
        {
            case ":status":
                _httpStatus = value;
                break;
            case "grpc-status":
                _status = int.TryParse(value, CultureInfo.InvariantCulture, out var code) ? code : (int)StatusCode.Unknown;
                if (value == Hpack.Unread) _message = "the server writes headers in Huffman's code, which this client does not read";
                break;
            case "grpc-message":
                _message = Uri.UnescapeDataString(value);
                break;
            case "" or "date" or "server" or "content-type":
                break;
            default:
                if (!name.EndsWith("-bin", StringComparison.Ordinal) && name != Hpack.Unread) Trailers.Add(name, value);
                break;
        }
    }

    public void OnData(ReadOnlySpan<byte> data)
    {
        if (_body.Length - _length < data.Length) Array.Resize(ref _body, Math.Max(_length + data.Length, _body.Length * 2));
        data.CopyTo(_body.AsSpan(_length));
        _length += data.Length;
    }

    /// <summary>The server has said all that it will.</summary>
    public void OnEnd()
    {
        if (_status is not { } status)
        {
            Fail(new Status(StatusCode.Unavailable, $"HTTP status {_httpStatus} and no grpc-status"));
        }
        else if (status != 0)
        {
            Fail(new Status((StatusCode)status, _message));
        }
        else if (_length < PrefixBytes || _body[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(_body.AsSpan(1)) != (uint)(_length - PrefixBytes))
        {
            Fail(new Status(StatusCode.Internal, "the answer is no single uncompressed message"));
        }
        else
        {
            Status = Status.DefaultSuccess;
            Succeed(new ReadOnlySequence<byte>(_body, PrefixBytes, _length - PrefixBytes));
        }
    }

    public void Fail(Status status)
    {
        Status = status;
        Fail(new RpcException(status, Trailers));
    }

    protected abstract void Succeed(ReadOnlySequence<byte> message);

    protected abstract void Fail(RpcException failure);
}
