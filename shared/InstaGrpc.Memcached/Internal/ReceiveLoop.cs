using System.Net.Sockets;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Reads replies, gives each to its command, and wakes the callers.</summary>
/// <remarks>
/// The last caller of a batch of replies runs on the loop's own thread, which has nothing else to do by then: the next read is already
/// under way and continues on another thread, so a caller that blocks holds up nobody. All others go to the thread pool.
/// </remarks>
internal sealed class ReceiveLoop
{
    private const int BufferBytes = 64 * 1024;

    // Longer than any reply line: a key, and a number for each flag.
    private const int LineBytes = 2048;

    // Values up to here are read through the buffer; larger ones straight into their array.
    private const int BufferedValueBytes = 16 * 1024;

    private readonly Socket _socket;
    private readonly InFlightQueue _queue;
    private readonly Action<Exception> _broken;
    private readonly Action _ended;
    private readonly SocketAsyncEventArgs _args = new(true);
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private int _start;
    private int _end;
    private byte[]? _value;
    private int _valueFilled;
    private ReplyHead _valueHead;
    private PendingReply? _ready;
    private int _completed;

    /// <param name="socket">Connected.</param>
    /// <param name="queue">This loop is its only reader.</param>
    /// <param name="broken">Told why the connection is of no more use.</param>
    /// <param name="ended">Called once, as the last thing: no command will be looked at any more.</param>
    public ReceiveLoop(Socket socket, InFlightQueue queue, Action<Exception> broken, Action ended)
    {
        _socket = socket;
        _queue = queue;
        _broken = broken;
        _ended = ended;
        _args.Completed += (_, _) =>
        {
            if (Received())
            {
                Run();
            }
        };
    }

    /// <summary>True if the last read answered several commands: their callers are likely to ask again, together.</summary>
    public bool AnsweredSeveral => Volatile.Read(ref _completed) > 1;

    public void Run()
    {
        do
        {
            PrepareBuffer();
            var ready = _ready;
            _ready = null;

            // From the moment the read is under way, its continuation may run on another thread: nothing below touches a field.
            bool underWay;
            try
            {
                underWay = _socket.ReceiveAsync(_args);
            }
            catch (ObjectDisposedException e)
            {
                _ready = ready;
                End(e);
                return;
            }

            if (underWay)
            {
                ready?.Execute();
                return;
            }

            if (ready is not null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(ready, preferLocal: false);
            }
        }
        while (Received());
    }

    private void PrepareBuffer()
    {
        if (_value is not null && _valueFilled < _value.Length)
        {
            _args.SetBuffer(_value, _valueFilled, _value.Length - _valueFilled);
            return;
        }

        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_buffer.Length - _start < BufferedValueBytes + LineBytes)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        _args.SetBuffer(_buffer, _end, _buffer.Length - _end);
    }

    /// <returns>False if the loop has ended.</returns>
    private bool Received()
    {
        if (_args.SocketError != SocketError.Success)
        {
            End(new SocketException((int)_args.SocketError));
            return false;
        }

        if (_args.BytesTransferred == 0)
        {
            End(new EndOfStreamException("The server closed the connection."));
            return false;
        }

        if (ReferenceEquals(_args.Buffer, _buffer))
        {
            _end += _args.BytesTransferred;
        }
        else
        {
            _valueFilled += _args.BytesTransferred;
        }

        try
        {
            var completed = 0;
            while (TakeReply(ref completed))
            {
            }

            Volatile.Write(ref _completed, completed);
            return true;
        }
        catch (Exception e)
        {
            End(e);
            return false;
        }
    }

    private bool TakeReply(ref int completed)
    {
        if (_value is not null)
        {
            return TakeLargeValue(ref completed);
        }

        var received = _buffer.AsSpan(_start, _end - _start);
        var lineEnd = received.IndexOf((byte)'\n');
        if (lineEnd < 1)
        {
            return lineEnd < 0 && received.Length < LineBytes
                ? false
                : throw new MemcachedProtocolException($"The server sent no line: '{ReplyParser.Printable(received)}'.");
        }

        var line = received[..(received[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd)];
        var pending = _queue.Peek()
            ?? throw new MemcachedProtocolException($"The server sent a reply to no command: '{ReplyParser.Printable(line)}'.");
        if (pending.TakesLines || ReplyParser.IsEndOfBatch(line))
        {
            _start += lineEnd + 1;
            Settle(pending.TakesLines ? pending.AcceptLine(line) : pending.AcceptEnd(), pending, ref completed);
            return true;
        }

        ReplyParser.Parse(line, out var head);
        var length = head.ValueLength;
        if (length < 0)
        {
            _start += lineEnd + 1;
            Give(head, null, ref completed);
            return true;
        }

        var rest = received[(lineEnd + 1)..];
        if (rest.Length >= length + 2)
        {
            CheckValueEnd(rest[length..]);
            _start += lineEnd + 1 + length + 2;
            Give(head, length == 0 ? [] : rest[..length].ToArray(), ref completed);
            return true;
        }

        if (length <= BufferedValueBytes)
        {
            return false;
        }

        _valueHead = head;
        _value = GC.AllocateUninitializedArray<byte>(length);
        _valueFilled = Math.Min(length, rest.Length);
        rest[.._valueFilled].CopyTo(_value);
        _start += lineEnd + 1 + _valueFilled;
        return TakeLargeValue(ref completed);
    }

    private bool TakeLargeValue(ref int completed)
    {
        if (_valueFilled < _value!.Length || _end - _start < 2)
        {
            return false;
        }

        CheckValueEnd(_buffer.AsSpan(_start));
        _start += 2;
        var value = _value;
        _value = null;
        Give(_valueHead, value, ref completed);
        return true;
    }

    private void Give(in ReplyHead head, byte[]? value, ref int completed)
    {
        var pending = _queue.Peek()!;
        var distrusted = head.Status == MetaStatus.ClientError && pending.HasValues;
        Settle(pending.Accept(head, value), pending, ref completed);
        if (distrusted)
        {
            throw new MemcachedProtocolException(
                $"The server refused a command with '{head.KeyOrError}'; it may take the value for commands now.");
        }
    }

    private void Settle(Acceptance acceptance, PendingReply pending, ref int completed)
    {
        if (acceptance == Acceptance.More)
        {
            return;
        }

        _queue.Dequeue();
        if (acceptance == Acceptance.Complete)
        {
            completed++;
            if (_ready is not null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ready, preferLocal: false);
            }

            _ready = pending;
        }
    }

    private void End(Exception reason)
    {
        if (_ready is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ready, preferLocal: false);
            _ready = null;
        }

        // After this nothing is enqueued any more, so the drain by the owner sees every command.
        _broken(reason);
        _args.Dispose();
        _ended();
    }

    private static void CheckValueEnd(ReadOnlySpan<byte> end)
    {
        if (end[0] != '\r' || end[1] != '\n')
        {
            throw new MemcachedProtocolException("The server sent a value of another length than it said.");
        }
    }
}
