using System.Buffers.Binary;
using System.Net.Sockets;
using Grpc.Core;

namespace InstaGrpc.Load.Http2;

/// <summary>
/// One connection (RFC 9113). Callers append frames to a buffer; whoever finds that nobody is sending has it sent, and what comes meanwhile goes with the next
/// send: under load, many calls share a system call. One loop reads.
/// </summary>
internal sealed class Http2Connection : IAsyncDisposable
{
    private const int FrameHeader = 9;
    private const int DefaultWindow = 65_535;
    private const int StreamWindow = 16 << 20;
    private const int ConnectionWindow = 1 << 30;
    private const int LargestFrame = 16_384; // what we allow, being the default
    private const int LargestStream = int.MaxValue - 2;

    private static readonly byte[] _preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();
    private static readonly TimeSpan _sweep = TimeSpan.FromMilliseconds(25);

    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Http2Call> _calls = [];
    private readonly Queue<(int Stream, byte[] Message)> _blocked = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Timer _sweeper;
    private byte[] _writing = new byte[64 * 1024];
    private byte[] _sending = new byte[64 * 1024];
    private int _written;
    private bool _flushing;
    private bool _closed;
    private bool _leaving;
    private int _nextStream = 1;
    private int _mostStreams = 100;
    private int _theirStreamWindow = DefaultWindow;
    private long _sendWindow = DefaultWindow;
    private long _consumed;

    private Http2Connection(Socket socket)
    {
        _socket = socket;
        _sweeper = new Timer(static state => ((Http2Connection)state!).Sweep(), this, _sweep, _sweep);
    }

    public bool IsAlive
    {
        get
        {
            lock (_gate) return !_closed && !_leaving;
        }
    }

    /// <summary>Connects, and waits for the server's settings.</summary>
    public static async Task<Http2Connection> OpenAsync(Uri address, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, ct).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new Http2Connection(socket);
        lock (connection._gate)
        {
            _preface.CopyTo(connection.Append(_preface.Length));
            var settings = connection.Frame(18, Http2Frame.Settings, 0, 0);
            Setting(settings, 1, 0); // HEADER_TABLE_SIZE: answers are to be literal
            Setting(settings[6..], 2, 0); // ENABLE_PUSH
            Setting(settings[12..], 4, StreamWindow);
            BinaryPrimitives.WriteInt32BigEndian(connection.Frame(4, Http2Frame.WindowUpdate, 0, 0), ConnectionWindow - DefaultWindow);
        }

        connection.Flush();
        _ = connection.ReadAsync();
        await connection._ready.Task.WaitAsync(ct).ConfigureAwait(false);
        return connection;
    }

    /// <returns>False: it is closed, or as many calls run on it as the server allows.</returns>
    public bool TrySend(byte[] headers, byte[] message, Http2Call call)
    {
        lock (_gate)
        {
            if (_closed || _leaving || _calls.Count >= _mostStreams || _nextStream > LargestStream) return false;
            if (headers.Length > LargestFrame || message.Length > LargestFrame || message.Length > _theirStreamWindow)
            {
                call.Fail(new Status(StatusCode.ResourceExhausted, $"requests of more than {LargestFrame} bytes need another client"));
                return true;
            }

            var stream = _nextStream;
            _nextStream += 2;
            _calls.Add(stream, call);
            headers.CopyTo(Frame(headers.Length, Http2Frame.Headers, Http2Frame.EndHeaders, stream));
            if (_blocked.Count > 0 || _sendWindow < message.Length) _blocked.Enqueue((stream, message));
            else AppendData(stream, message);
        }

        Flush();
        return true;
    }

    public ValueTask DisposeAsync()
    {
        Close("the connection was closed");
        return ValueTask.CompletedTask;
    }

    private static void Setting(Span<byte> at, ushort what, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(at, what);
        BinaryPrimitives.WriteInt32BigEndian(at[2..], value);
    }

    private void AppendData(int stream, byte[] message)
    {
        _sendWindow -= message.Length;
        message.CopyTo(Frame(message.Length, Http2Frame.Data, Http2Frame.EndStream, stream));
    }

    /// <summary>Room for a frame's payload; under the lock.</summary>
    private Span<byte> Frame(int length, byte type, byte flags, int stream)
    {
        var frame = Append(FrameHeader + length);
        BinaryPrimitives.WriteInt32BigEndian(frame, (length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame[5..], stream);
        return frame[FrameHeader..];
    }

    private Span<byte> Append(int length)
    {
        if (_writing.Length - _written < length) Array.Resize(ref _writing, Math.Max(_writing.Length * 2, _written + length));
        var room = _writing.AsSpan(_written, length);
        _written += length;
        return room;
    }

    private void Flush()
    {
        lock (_gate)
        {
            if (_flushing || _closed || _written == 0) return;
            _flushing = true;
        }

        _ = Task.Run(SendAsync);
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                int length;
                lock (_gate)
                {
                    if (_written == 0 || _closed)
                    {
                        _flushing = false;
                        return;
                    }

                    (_writing, _sending) = (_sending, _writing);
                    (length, _written) = (_written, 0);
                }

                for (var sent = 0; sent < length;)
                {
                    sent += await _socket.SendAsync(_sending.AsMemory(sent, length - sent)).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close(e.Message);
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[256 * 1024];
        var (begin, end) = (0, 0);
        try
        {
            while (true)
            {
                var read = await _socket.ReceiveAsync(buffer.AsMemory(end)).ConfigureAwait(false);
                if (read == 0) throw new IOException("the server has closed the connection");
                end += read;
                while (end - begin >= FrameHeader)
                {
                    var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(begin)) >>> 8;
                    if (length > LargestFrame) throw new InvalidDataException($"a frame of {length} bytes");
                    if (end - begin < FrameHeader + length) break;
                    Take(buffer.AsSpan(begin, FrameHeader + length));
                    begin += FrameHeader + length;
                }

                buffer.AsSpan(begin, end - begin).CopyTo(buffer);
                (begin, end) = (0, end - begin);
                Flush();
            }
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidDataException or ObjectDisposedException)
        {
            Close(e.Message);
        }
    }

    private void Take(ReadOnlySpan<byte> frame)
    {
        var (type, flags, stream) = (frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame[5..]) & int.MaxValue);
        var payload = frame[FrameHeader..];
        switch (type)
        {
            case Http2Frame.Data:
                Consumed(payload.Length);
                Find(stream)?.OnData(Unpadded(payload, flags));
                if ((flags & Http2Frame.EndStream) != 0) End(stream);
                break;
            case Http2Frame.Headers:
                if ((flags & Http2Frame.EndHeaders) == 0) throw new InvalidDataException("headers in several frames are not read here");
                var block = Unpadded(payload, flags);
                if ((flags & Http2Frame.Priority) != 0) block = block[5..];
                if (Find(stream) is { } call) Hpack.Read(block, call.OnHeader);
                if ((flags & Http2Frame.EndStream) != 0) End(stream);
                break;
            case Http2Frame.Reset:
                Remove(stream)?.Fail(new Status(StatusCode.Unavailable, $"the server has reset the call ({BinaryPrimitives.ReadInt32BigEndian(payload)})"));
                break;
            case Http2Frame.Settings when (flags & Http2Frame.Ack) == 0:
                Settings(payload);
                break;
            case Http2Frame.Ping when (flags & Http2Frame.Ack) == 0:
                lock (_gate) payload.CopyTo(Frame(payload.Length, Http2Frame.Ping, Http2Frame.Ack, 0));
                break;
            case Http2Frame.GoAway:
                // What it has begun it will still answer.
                lock (_gate) _leaving = true;
                break;
            case Http2Frame.WindowUpdate when stream == 0:
                Widen(BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue);
                break;
        }
    }

    private static ReadOnlySpan<byte> Unpadded(ReadOnlySpan<byte> payload, byte flags) =>
        (flags & Http2Frame.Padded) == 0 ? payload : payload[1..^payload[0]];

    private void Settings(ReadOnlySpan<byte> settings)
    {
        lock (_gate)
        {
            for (; settings.Length >= 6; settings = settings[6..])
            {
                var value = BinaryPrimitives.ReadInt32BigEndian(settings[2..]);
                switch (BinaryPrimitives.ReadUInt16BigEndian(settings))
                {
                    case 3:
                        _mostStreams = value;
                        break;
                    case 4:
                        _theirStreamWindow = value;
                        break;
                }
            }

            Frame(0, Http2Frame.Settings, Http2Frame.Ack, 0);
        }

        _ready.TrySetResult();
    }

    private void Widen(int by)
    {
        lock (_gate)
        {
            _sendWindow += by;
            while (_blocked.TryPeek(out var next) && _sendWindow >= next.Message.Length)
            {
                _blocked.Dequeue();
                // One that was given up meanwhile has been reset.
                if (_calls.ContainsKey(next.Stream)) AppendData(next.Stream, next.Message);
            }
        }
    }

    private void Consumed(int length)
    {
        _consumed += length;
        if (_consumed < ConnectionWindow / 2) return;
        lock (_gate) BinaryPrimitives.WriteInt32BigEndian(Frame(4, Http2Frame.WindowUpdate, 0, 0), (int)_consumed);
        _consumed = 0;
    }

    private Http2Call? Find(int stream)
    {
        lock (_gate) return _calls.GetValueOrDefault(stream);
    }

    private Http2Call? Remove(int stream)
    {
        lock (_gate) return _calls.Remove(stream, out var call) ? call : null;
    }

    private void End(int stream) => Remove(stream)?.OnEnd();

    /// <summary>Ends calls whose deadline has passed or whose caller has gone: a timer for all of them, instead of one each.</summary>
    private void Sweep()
    {
        List<(Http2Call Call, bool Cancelled)>? ended = null;
        lock (_gate)
        {
            var now = DateTime.UtcNow;
            foreach (var (stream, call) in _calls)
            {
                var cancelled = call.Cancellation.IsCancellationRequested;
                if (!cancelled && !(call.Deadline < now)) continue;
                (ended ??= []).Add((call, cancelled));
                _calls.Remove(stream); // allowed while enumerating
                const int cancel = 8;
                BinaryPrimitives.WriteInt32BigEndian(Frame(4, Http2Frame.Reset, 0, stream), cancel);
            }
        }

        if (ended is null) return;
        Flush();
        foreach (var (call, cancelled) in ended)
        {
            call.Fail(cancelled ? new Status(StatusCode.Cancelled, "cancelled") : new Status(StatusCode.DeadlineExceeded, "the deadline has passed"));
        }
    }

    private void Close(string why)
    {
        Http2Call[] calls;
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            calls = [.. _calls.Values];
            _calls.Clear();
            _blocked.Clear();
        }

        _sweeper.Dispose();
        _socket.Dispose();
        _ready.TrySetException(new IOException(why));
        foreach (var call in calls) call.Fail(new Status(StatusCode.Unavailable, why));
    }
}
