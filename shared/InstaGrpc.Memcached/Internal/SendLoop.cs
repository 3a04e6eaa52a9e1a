using System.Net.Sockets;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Sends what callers have appended to <see cref="Outgoing"/>. While one write is under way, the commands of all callers
/// gather and leave together in the next one.</summary>
internal sealed class SendLoop : IThreadPoolWorkItem
{
    private readonly Socket _socket;
    private readonly Lock _gate;
    private readonly Action<Exception> _broken;
    private readonly SocketAsyncEventArgs _args = new(true);
    private CommandBuffer _sending = new();
    private bool _active;

    public SendLoop(Socket socket, Lock gate, Action<Exception> broken)
    {
        _socket = socket;
        _gate = gate;
        _broken = broken;
        _args.Completed += (_, _) => Continue();
    }

    /// <summary>Where commands are appended, under the gate.</summary>
    public CommandBuffer Outgoing { get; private set; } = new();

    /// <summary>Under the gate, after appending: true if the caller is to start the loop once it has left the gate.</summary>
    public bool MustStart()
    {
        var start = !_active;
        _active = true;
        return start;
    }

    /// <summary>Runs the loop on a thread of the pool.</summary>
    public void Execute() => Run();

    /// <summary>Runs the loop on this thread until nothing is left or the socket takes no more.</summary>
    public void Run()
    {
        try
        {
            while (TakeOutgoing())
            {
                _args.SetBuffer(_sending.Array, 0, _sending.Length);
                if (_socket.SendAsync(_args) || !Sent())
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The connection was closed; the receive loop tells the callers.
        }
    }

    private void Continue()
    {
        if (Sent())
        {
            Run();
        }
    }

    private bool TakeOutgoing()
    {
        _sending.Clear();
        lock (_gate)
        {
            if (Outgoing.Length == 0)
            {
                return _active = false;
            }

            (_sending, Outgoing) = (Outgoing, _sending);
            return true;
        }
    }

    /// <summary>After a write: sends what the socket left over.</summary>
    /// <returns>False if that is still under way, or the connection is broken.</returns>
    private bool Sent()
    {
        while (true)
        {
            if (_args.SocketError != SocketError.Success)
            {
                _broken(new SocketException((int)_args.SocketError));
                return false;
            }

            var left = _args.Count - _args.BytesTransferred;
            if (left == 0)
            {
                return true;
            }

            _args.SetBuffer(_args.Offset + _args.BytesTransferred, left);
            if (_socket.SendAsync(_args))
            {
                return false;
            }
        }
    }
}
