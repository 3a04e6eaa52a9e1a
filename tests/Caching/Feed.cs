using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Caching.Tests;

/// <summary>A stream of drops that is never silent.</summary>
internal sealed class Feed : IDisposable
{
    private readonly Reader _reader;
    private readonly long _owner;
    private readonly Lock _lock = new();
    private readonly Timer _heartbeat;
    private ulong _sequence;

    public Feed(Reader reader, long owner)
    {
        (_reader, _owner) = (reader, owner);
        Send();
        _heartbeat = new Timer(_ => Send(), null, 50, 50);
    }

    public void Send(params ulong[] hashes) => Send(new WatchDropsResponse { KeyHashes = { hashes } });

    public void SendEverything() => Send(new WatchDropsResponse { Everything = true });

    public void Dispose()
    {
        using var stopped = new ManualResetEvent(false);
        _heartbeat.Dispose(stopped);
        stopped.WaitOne();
        _reader.Reads.LoseDrops(CacheFixture.Node);
    }

    private void Send(WatchDropsResponse message)
    {
        lock (_lock)
        {
            message.Owner = _owner;
            message.Sequence = ++_sequence;
            Assert.True(_reader.Reads.ApplyDrops(CacheFixture.Node, message));
        }
    }
}
