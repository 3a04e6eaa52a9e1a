using System.Net.Sockets;
using Grpc.Core;

namespace InstaGrpc.Load.Http2;

/// <summary>Connections to one address: as few as their servers' limits of concurrent calls allow. A lost one is replaced when the next call comes.</summary>
internal sealed class Http2Pool(Uri address) : IAsyncDisposable
{
    private static readonly TimeSpan _connectLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<(byte[] Headers, byte[] Message, Http2Call Call)> _waiting = [];
    private Http2Connection[] _connections = [];
    private bool _connecting;

    public void Send(byte[] headers, byte[] message, Http2Call call)
    {
        foreach (var connection in Volatile.Read(ref _connections))
        {
            if (connection.TrySend(headers, message, call)) return;
        }

        lock (_gate)
        {
            _waiting.Enqueue((headers, message, call));
            if (_connecting) return;
            _connecting = true;
        }

        _ = ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) await connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ConnectAsync()
    {
        Http2Connection? made = null;
        var why = "";
        try
        {
            using var late = new CancellationTokenSource(_connectLimit);
            made = await Http2Connection.OpenAsync(address, late.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or InvalidDataException)
        {
            why = e.Message;
        }

        (byte[], byte[], Http2Call)[] waiting;
        lock (_gate)
        {
            _connecting = false;
            waiting = [.. _waiting];
            _waiting.Clear();
            Http2Connection[] alive = [.. _connections.Where(static one => one.IsAlive)];
            Volatile.Write(ref _connections, made is null ? alive : [.. alive, made]);
        }

        foreach (var (headers, message, call) in waiting)
        {
            if (made is null) call.Fail(new Status(StatusCode.Unavailable, $"{address} could not be reached: {why}"));
            else Send(headers, message, call);
        }
    }
}
