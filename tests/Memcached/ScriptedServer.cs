using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InstaGrpc.Memcached.Tests;

/// <summary>What a real memcached never is: something else that listens on its port, or one that says what it should not.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string?> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private int _connections;

    /// <param name="answer">Given each line, without its end; the text to answer, or null to close the connection.</param>
    public ScriptedServer(Func<string, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>A memcached for as long as the connection is made, then as the script says.</summary>
    public static ScriptedServer AfterHandshake(Func<string, string?> answer) => new(line => line switch
    {
        "mn" => "MN\r\n",
        "version" => "VERSION 1.6.18\r\n",
        _ => answer(line),
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
            {
                clients.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                Interlocked.Increment(ref _connections);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        using (var reader = new StreamReader(client.GetStream(), Encoding.ASCII))
        {
            try
            {
                while (await reader.ReadLineAsync(_stop.Token) is { } line && _answer(line) is { } text)
                {
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), _stop.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // The test, or the client, has closed.
            }
        }
    }
}
