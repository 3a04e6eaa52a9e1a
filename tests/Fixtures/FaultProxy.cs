using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InstaGrpc.TestFixtures;

/// <summary>
/// Stands between a client and a server and does to their bytes what networks do: holds them up, cuts them anywhere. What it passed on it
/// remembers, in the order in which it went.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private readonly Lock _lock = new();
    private readonly StringBuilder _sent = new();
    private TaskCompletionSource _repliesPass = Opened();
    private TaskCompletionSource _held = Opened();
    private string? _holdFrom;

    /// <param name="server"><c>127.0.0.1:port</c>.</param>
    public FaultProxy(string server)
    {
        _server = IPEndPoint.Parse(server);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <value>Most bytes of replies that go in one packet; default: as they come.</value>
    public int ReplyBytes { get; set; } = int.MaxValue;

    /// <summary>Puts other words into the server's mouth: whenever a packet of replies is exactly the first text, the client gets the second.</summary>
    public (string Reply, string Instead)? Misquote { get; set; }

    /// <summary>What clients have sent (since the last <see cref="HoldRepliesFrom"/>), as Latin-1: protocol lines are text, and a byte is a character.</summary>
    public string Sent
    {
        get
        {
            lock (_lock)
            {
                return _sent.ToString();
            }
        }
    }

    /// <summary>From the moment a client sends this text, the server gets what clients send, and no client hears of it.</summary>
    /// <returns>Completes when the text was sent.</returns>
    public Task HoldRepliesFrom(string text)
    {
        lock (_lock)
        {
            _holdFrom = text;
            _sent.Clear();
            return (_held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public void ReleaseReplies()
    {
        lock (_lock)
        {
            _holdFrom = null;
            _repliesPass.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        ReleaseReplies();
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task ServeAsync()
    {
        var pairs = new List<Task>();
        try
        {
            while (true)
            {
                pairs.Add(JoinAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(pairs);
        }
    }

    private async Task JoinAsync(TcpClient client)
    {
        using var _ = client;
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await server.ConnectAsync(_server, either.Token);
            var requests = PassAsync(client.GetStream(), server.GetStream(), replies: false, either.Token);
            var replies = PassAsync(server.GetStream(), client.GetStream(), replies: true, either.Token);
            // One side has closed: so does the other.
            await Task.WhenAny(requests, replies);
            await either.CancelAsync();
            await Task.WhenAll(requests, replies);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The test has ended, or one of the two has.
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, bool replies, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
        {
            if (!replies)
            {
                lock (_lock)
                {
                    _sent.Append(Encoding.Latin1.GetString(buffer, 0, read));
                    if (_holdFrom is { } text && _sent.ToString().Contains(text, StringComparison.Ordinal))
                    {
                        // Before the server has it, so that no reply to it is quicker.
                        _holdFrom = null;
                        _repliesPass = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                        _held.TrySetResult();
                    }
                }

                await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
                continue;
            }

            Task pass;
            lock (_lock)
            {
                pass = _repliesPass.Task;
            }

            await pass.WaitAsync(cancellation);
            if (Misquote is { } misquote && Encoding.Latin1.GetString(buffer, 0, read) == misquote.Reply)
            {
                read = Encoding.Latin1.GetBytes(misquote.Instead, buffer);
            }

            for (var at = 0; at < read;)
            {
                var piece = Math.Min(ReplyBytes, read - at);
                await to.WriteAsync(buffer.AsMemory(at, piece), cancellation);
                at += piece;
            }
        }
    }
}
