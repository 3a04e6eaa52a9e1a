using System.Threading.Channels;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Tells the processes that watch a node which keys have changed. One for each life of a lineage.</summary>
/// <remarks>A watcher that does not keep up loses its stream, not a message: it then empties its copies and watches anew.</remarks>
internal sealed class NodeDrops(long owner, int queue) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ChannelWriter<WatchDropsResponse>> _watchers = [];
    private bool _ended;

    public long Owner => owner;

    /// <summary>A watcher's messages, without sequence numbers. Completes when the lineage ends or the watcher falls behind; to be completed by the
    /// watcher when it leaves.</summary>
    public Channel<WatchDropsResponse> Watch()
    {
        var channel = Channel.CreateBounded<WatchDropsResponse>(new BoundedChannelOptions(queue) { SingleReader = true });
        lock (_lock)
        {
            if (_ended)
            {
                channel.Writer.Complete();
            }
            else
            {
                _watchers.Add(channel.Writer);
            }
        }
        return channel;
    }

    public void Publish(string server, ReplayPosition lo, IReadOnlyList<ulong> hashes, bool everything)
    {
        lock (_lock)
        {
            if (_watchers.Count == 0)
            {
                return;
            }
            var message = new WatchDropsResponse
            {
                Owner = owner,
                Server = server,
                Timeline = lo.Timeline.Value,
                Lo = lo.Lsn.Value,
                Everything = everything,
            };
            message.KeyHashes.AddRange(hashes);
            for (var i = _watchers.Count - 1; i >= 0; i--)
            {
                if (!_watchers[i].TryWrite(message))
                {
                    _watchers[i].TryComplete();
                    _watchers.RemoveAt(i);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            foreach (var watcher in _watchers)
            {
                watcher.TryComplete();
            }
            _watchers.Clear();
        }
    }
}
