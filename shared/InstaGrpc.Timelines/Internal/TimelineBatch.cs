using System.Buffers.Binary;
using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines.Internal;

/// <summary>The commands of one batch, one pipeline for each server. Used again for the next batch, so that an entry allocates nothing. Not for
/// several threads at a time.</summary>
internal sealed class TimelineBatch(MemcachedPool pool, TimelineKey keys)
{
    private static readonly MetaSet _append = new() { Mode = MetaSetMode.Append };

    private readonly List<ServerShare> _shares = [];
    private readonly List<KeyOwner> _owners = [];
    private readonly HashSet<long> _unreached = [];
    private readonly HashSet<MemcachedServer> _away = [];
    private MemcachedException? _failure;

    public void Append(ReadOnlySpan<long> users, TimelineEntry entry)
    {
        Span<byte> bytes = stackalloc byte[TimelineEntry.Size];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.Raw);
        Fill(users, bytes);
    }

    public void Drop(ReadOnlySpan<long> users) => Fill(users, default);

    /// <summary>Runs every server's share. One that fails spoils nothing for the others: it is emptied, and its users are told by
    /// <see cref="ThrowIfUnreached"/>.</summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        List<Task>? others = null;
        ServerShare? own = null;
        foreach (var share in _shares)
        {
            if (share.Pipeline.Count == 0)
            {
                continue;
            }

            if (own is null)
            {
                own = share;
            }
            else
            {
                (others ??= []).Add(RunAsync(share, cancellation).AsTask());
            }
        }

        if (own is null)
        {
            return;
        }

        if (others is null)
        {
            await RunAsync(own, cancellation).ConfigureAwait(false);
            return;
        }

        // All are waited for, also when one fails: a pipeline belongs to its run until that has ended.
        others.Add(RunAsync(own, cancellation).AsTask());
        await Task.WhenAll(others).ConfigureAwait(false);
    }

    /// <exception cref="TimelinesUnreachedException">A server did not acknowledge its share.</exception>
    public void ThrowIfUnreached(AppendCounts counts = default)
    {
        if (_failure is not null)
        {
            throw new TimelinesUnreachedException(_unreached, _away, counts, _failure);
        }
    }

    /// <summary>After appends: keeps the timelines that did not take the entry.</summary>
    public (int Stored, int Failed) KeepFailed()
    {
        var (stored, failed) = (0, 0);
        foreach (var share in _shares)
        {
            var kept = 0;
            var replies = share.Pipeline.Replies;
            for (var i = 0; i < replies.Length; i++)
            {
                if (replies[i].IsHit)
                {
                    stored++;
                }
                else
                {
                    share.Timelines[kept++] = share.Timelines[i];
                }
            }

            share.Timelines.RemoveRange(kept, share.Timelines.Count - kept);
            failed += kept;
        }

        return (stored, failed);
    }

    public void DropKept()
    {
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        foreach (var share in _shares)
        {
            share.Pipeline.Clear();
            foreach (var (user, incarnation) in share.Timelines)
            {
                share.Pipeline.Delete(key[..keys.Write(user, incarnation, key)], quiet: true);
            }
        }
    }

    /// <exception cref="MemcachedException">A timeline may still be there.</exception>
    public void ThrowIfNotDropped()
    {
        foreach (var share in _shares)
        {
            foreach (var reply in share.Pipeline.Replies)
            {
                if (reply.Status is not (MetaStatus.Hit or MetaStatus.NotFound))
                {
                    throw new TimelineNotDroppedException(share.Server.Address, reply);
                }
            }
        }
    }

    /// <summary>One command for each user and ring; without an entry: deletes.</summary>
    private void Fill(ReadOnlySpan<long> users, ReadOnlySpan<byte> entry)
    {
        foreach (var share in _shares)
        {
            share.Pipeline.Clear();
            share.Timelines.Clear();
        }

        _unreached.Clear();
        _away.Clear();
        _failure = null;
        Span<byte> key = stackalloc byte[TimelineKey.MostBytes];
        foreach (var user in users)
        {
            _owners.Clear();
            pool.OwnersOf(key[..keys.WriteRingKey(user, key)], _owners);
            foreach (var (server, incarnation) in _owners)
            {
                var share = ShareOf(server);
                var length = keys.Write(user, incarnation, key);
                share.Timelines.Add((user, incarnation));
                if (entry.IsEmpty)
                {
                    share.Pipeline.Delete(key[..length], quiet: true);
                }
                else
                {
                    share.Pipeline.Set(key[..length], entry, _append, quiet: true);
                }
            }
        }

        // A server that left the rings leaves its share behind.
        _shares.RemoveAll(static share => share.Pipeline.Count == 0);
    }

    private async ValueTask RunAsync(ServerShare share, CancellationToken cancellation)
    {
        try
        {
            await share.Server.RunAsync(share.Pipeline, cancellation).ConfigureAwait(false);
        }
        catch (MemcachedException e)
        {
            lock (_unreached)
            {
                _failure = e;
                _away.Add(share.Server);
                _unreached.UnionWith(share.Timelines.Select(static timeline => timeline.User));
            }

            share.Pipeline.Clear();
            share.Timelines.Clear();
        }
    }

    private ServerShare ShareOf(MemcachedServer server)
    {
        foreach (var share in _shares)
        {
            if (ReferenceEquals(share.Server, server))
            {
                return share;
            }
        }

        var added = new ServerShare(server);
        _shares.Add(added);
        return added;
    }

    private sealed class ServerShare(MemcachedServer server)
    {
        public MemcachedServer Server { get; } = server;

        public MetaPipeline Pipeline { get; } = new();

        /// <summary>By the number of the command.</summary>
        public List<(long User, int Incarnation)> Timelines { get; } = [];
    }
}
