using System.Net.Sockets;
using System.Text;

namespace InstaGrpc.Memcached.Internal;

/// <summary>Makes a connection and asks the server whether it knows meta commands, and what it is.</summary>
internal static class Handshake
{
    private static readonly Version _least = new(1, 6, 18);

    public static async Task<(Socket Socket, string Version)> ConnectAsync(
        ServerAddress address, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.EndPoint, either.Token).ConfigureAwait(false);
            await socket.SendAsync("mn\r\nversion\r\n"u8.ToArray(), either.Token).ConfigureAwait(false);
            var version = await ReadVersionAsync(socket, address, either.Token).ConfigureAwait(false);
            return (socket, version);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                throw new MemcachedUnavailableException(
                    $"memcached {address} did not accept a connection and answer within {timeout.TotalMilliseconds:0} ms.", e);
            }

            if (e is SocketException)
            {
                throw new MemcachedUnavailableException($"memcached {address} can't be reached: {e.Message}.", e);
            }

            throw;
        }
    }

    private static async Task<string> ReadVersionAsync(Socket socket, ServerAddress address, CancellationToken cancellation)
    {
        var buffer = new byte[512];
        var length = 0;
        while (true)
        {
            var lines = Encoding.ASCII.GetString(buffer, 0, length).Split('\n');
            if (lines.Length > 1 && lines[0].TrimEnd('\r') != "MN")
            {
                throw new MetaCommandsUnsupportedException(
                    $"{address} does not speak memcached's meta protocol (it answered '{ReplyParser.Printable(Encoding.ASCII.GetBytes(
                        lines[0].TrimEnd('\r')))}'): Insta:Memcached:Servers must name memcached 1.6.18 or later.");
            }

            if (lines.Length > 2)
            {
                const string Prefix = "VERSION ";
                var version = lines[1].StartsWith(Prefix, StringComparison.Ordinal) ? lines[1][Prefix.Length..].TrimEnd('\r') : "unknown";
                // Older ones answer mn and then differ in what leases are made of. A name that is no number is a proxy's, which has said mn.
                if (Version.TryParse(version, out var number) && number < _least)
                {
                    throw new MetaCommandsUnsupportedException(
                        $"{address} is memcached {version}: Insta:Memcached:Servers must name memcached {_least} or later.");
                }

                return version;
            }

            if (length == buffer.Length)
            {
                throw new MetaCommandsUnsupportedException(
                    $"{address} does not speak memcached's meta protocol: Insta:Memcached:Servers must name memcached 1.6.18 or later.");
            }

            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            if (received == 0)
            {
                throw new MemcachedUnavailableException($"memcached {address} closed a new connection (is it at its connection limit?).");
            }

            length += received;
        }
    }
}
