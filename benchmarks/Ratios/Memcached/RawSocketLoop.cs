using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InstaGrpc.Ratios.Memcached;

/// <summary>The least that a client can do: one blocking socket on a thread of its own, a request encoded beforehand, and replies that are
/// counted, not read.</summary>
internal sealed class RawSocketLoop : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 * 1024];

    public RawSocketLoop(int port) => _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>The commands of our client's multi-get, byte by byte.</summary>
    public static byte[] MultiGet(IEnumerable<ReadOnlyMemory<byte>> keys) => Encoding.ASCII.GetBytes(
        string.Concat(keys.Select((key, i) => string.Create(CultureInfo.InvariantCulture, $"mg {Text(key)} v c q O{i}\r\n"))) + "mn\r\n");

    /// <summary>The commands of as many single gets.</summary>
    public static byte[] Gets(ReadOnlyMemory<byte> key, int count) =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"mg {Text(key)} v c\r\n", count)));

    /// <returns>Commands a second.</returns>
    public Task<double> RunAsync(byte[] request, int commands, TimeSpan time, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            () => Run(request, commands, time, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose() => _socket.Dispose();

    private double Run(byte[] request, int commands, TimeSpan time, CancellationToken cancellation)
    {
        var replyBytes = FirstReply(request, commands);
        var watch = Stopwatch.StartNew();
        long done = 0;
        while (watch.Elapsed < time)
        {
            cancellation.ThrowIfCancellationRequested();
            _socket.Send(request);
            for (var received = 0; received < replyBytes;)
            {
                received += _socket.Receive(_buffer);
            }

            done += commands;
        }

        return done / watch.Elapsed.TotalSeconds;
    }

    /// <summary>How long the replies are: they are the same each time.</summary>
    private int FirstReply(byte[] request, int commands)
    {
        // A line and a value for each command, and MN at the end of a multi-get.
        var lines = commands * 2 + (request.AsSpan().EndsWith("mn\r\n"u8) ? 1 : 0);
        _socket.Send(request);
        var received = 0;
        while (true)
        {
            received += _socket.Receive(_buffer, received, _buffer.Length - received, SocketFlags.None);
            var text = Encoding.ASCII.GetString(_buffer, 0, received);
            if (text.Split("VA ").Length - 1 == commands && text.Split("\r\n").Length - 1 == lines)
            {
                return received;
            }
        }
    }

    private static string Text(ReadOnlyMemory<byte> key) => Encoding.ASCII.GetString(key.Span);
}
