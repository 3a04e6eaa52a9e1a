using System.Security.Cryptography;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>
/// Invalidates one memcached server for one node, from that server's own watermark on: cache protocol, "Invalidating" 1 to 4.
/// </summary>
/// <remarks>
/// Everything goes over one connection, and every write of the watermark names the CAS that the write before returned. So a second writer, or a
/// server that lost its data, is noticed by the next write at the latest, and this starts over from what the server then says. The order inside a
/// batch is what readers rely on:
/// <list type="number">
/// <item><c>hi</c> rises before the first key is touched: a reader that won its lease after a mark reads this <c>hi</c> as its fence, so a lagging
/// follower cannot give it the row from before the change;</item>
/// <item>the keys; the pipeline ends with <c>mn</c>, and all replies are in before</item>
/// <item><c>lo</c> rises to the batch's end (never to <c>hi</c>, which another life of this lineage may have left further ahead): from here on a
/// token up to it may be answered by a hit.</item>
/// </list>
/// If <c>hi</c>'s write fails its CAS, the marks behind it in the pipeline run all the same: they cost refills and nothing else.
/// </remarks>
internal sealed class ServerLineage(
    MemcachedServer server, LineageContext lineage, InvalidatorOptions options, InvalidatorMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly byte[] _watermarkKey = KeyLayout.Watermark(lineage.Prefix, lineage.Node);
    private readonly MetaPipeline _pipeline = new();
    private readonly MetaPipeline _traces = new();
    private readonly MarkSpans _spans = new(lineage, server.Address);
    private readonly RowKeys _rows = new();
    private readonly List<MemcachedServer> _owners = [];
    private readonly List<ulong> _hashes = [];
    private readonly Outage _outage = new(options.RetryPause);

    private MetaConnection _connection = null!;
    private Watermark _watermark = null!;
    private ulong? _cas;
    private long _lastWrite;
    private LoggedChange? _unwritten;
    private Task<bool>? _next;
    private volatile ChangeConsumer? _consumer;

    /// <summary>Why the stream is not read at the moment; null: it is, or nobody asks for it.</summary>
    public string? Unread => _consumer?.Unread;

    /// <summary>Runs until cancelled, over any number of connections.</summary>
    /// <exception cref="NewerLineageException">Another lineage has taken the server over.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await using var connection = await server.ConnectExclusiveAsync(cancellation).ConfigureAwait(false);
                _connection = connection;
                await FollowAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is MemcachedException or ChangeLogException or WatermarkLostException)
            {
                if (_outage.IsNews(e.Message))
                {
                    InvalidatorLog.ServerInterrupted(logger, server.Address, lineage.Node, e.Message);
                }
                metrics.Interrupted(lineage.Node, server.Address);
                // Behind or away: its watermark, or the lack of one, says so to every reader. The other servers go on.
                var pause = e is WatermarkLostException ? options.RetryPause / 25 : _outage.NextPause();
                await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        _unwritten = null;
        _next = null;
        var start = await BeginAsync(cancellation).ConfigureAwait(false);
        using var following = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var consumer = lineage.Log.OpenConsumer(lineage.Node, $"invalidator/{lineage.Region}/{server.Address}", start);
        _consumer = consumer;
        var batches = consumer.ReadAsync(following.Token).GetAsyncEnumerator(following.Token);
        try
        {
            while (await NextAsync(batches, cancellation).ConfigureAwait(false))
            {
                _outage.Over();
                var batch = batches.Current;
                if (batch.Gap is { } gap)
                {
                    await BeginGenerationAsync(
                        lineage.Contracts.Current, gap.ResumeFrom, gap.OffsetHint, gap.System, gap.Reason.ToString(), cancellation)
                        .ConfigureAwait(false);
                    continue;
                }
                await ApplyAsync(batch.Changes, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _consumer = null;
            // An enumerator may be disposed only between its steps.
            await following.CancelAsync().ConfigureAwait(false);
            if (_next is not null)
            {
                await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            await batches.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Takes over what the server holds, or finds that it must begin anew (then nothing is written yet).</summary>
    private async Task<ChangeStart> BeginAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var reply = await _connection.GetAsync(_watermarkKey, new MetaGet(), cancellation).ConfigureAwait(false);
            var found = reply.Value is { } value ? Watermark.TryRead(value) : null;
            _cas = reply.IsHit ? reply.Cas : null;
            if (found is null)
            {
                _watermark = Blank();
                return ChangeStart.Newest;
            }
            if (found.Owner > lineage.Owner)
            {
                throw new NewerLineageException(found.Owner);
            }
            var contracts = lineage.Contracts.Current;
            if (found.Contracts.Epoch != contracts.Epoch || found.Ring != lineage.Pool.Ring.Version)
            {
                _watermark = Blank();
                return ChangeStart.Newest;
            }
            if (found.Contracts.Number > contracts.Understood)
            {
                // Going on without a contract that readers rely on would leave its keys alone.
                InvalidatorLog.ContractsNotUnderstood(logger, lineage.Node, found.Contracts.Number, contracts.Understood);
                await lineage.Contracts.ReloadAsync(cancellation).ConfigureAwait(false);
                await Task.Delay(options.RetryPause, time, cancellation).ConfigureAwait(false);
                continue;
            }
            // From its lo, with hi kept: what lies between may or may not have been marked.
            if (await TryWriteAsync(found with { Owner = lineage.Owner }, cancellation).ConfigureAwait(false))
            {
                InvalidatorLog.TookOver(logger, lineage.Node, server.Address, found.Lo, found.Owner, lineage.Owner);
                return ChangeStart.After(found.Lo, found.Offset, found.System);
            }
        }
    }

    private Watermark Blank() => new()
    {
        Generation = 0,
        Lo = ReplayPosition.Origin,
        Hi = ReplayPosition.Origin,
        AsOf = DateTime.UnixEpoch,
        Owner = lineage.Owner,
        Contracts = default,
        Ring = lineage.Pool.Ring.Version,
        Offset = -1,
        System = 0,
    };

    /// <summary>Makes everything that is cached for this node on this server invisible at once.</summary>
    /// <param name="contracts">Those that the changes behind it will be applied by. Newer ones would be honoured from here on while the rest of a batch
    /// still leaves their keys alone.</param>
    /// <param name="position">Everything up to it is behind; a fill under the new generation reads at or past it.</param>
    private async Task BeginGenerationAsync(
        NodeContracts contracts, ReplayPosition position, long offset, ulong system, string reason, CancellationToken cancellation)
    {
        _unwritten = null;
        // Random, never one that was used: a lease or an entry from before must not fit the new one.
        Span<byte> random = stackalloc byte[8];
        ulong generation;
        do
        {
            RandomNumberGenerator.Fill(random);
            generation = BitConverter.ToUInt64(random);
        }
        while (generation == 0 || generation == _watermark.Generation);

        await WriteAsync(
            _watermark with
            {
                Generation = generation,
                Lo = position,
                Hi = position,
                Owner = lineage.Owner,
                Contracts = contracts.HonouredAt(position),
                Ring = lineage.Pool.Ring.Version,
                Offset = offset,
                System = system,
            },
            cancellation).ConfigureAwait(false);
        InvalidatorLog.NewGeneration(logger, lineage.Node, server.Address, position, reason);
        metrics.NewGeneration(lineage.Node, server.Address, reason);
        lineage.Drops.Publish(server.Address, position, [], everything: true);
    }

    private async Task ApplyAsync(IReadOnlyList<LoggedChange> changes, CancellationToken cancellation)
    {
        var contracts = lineage.Contracts.Current;
        var from = 0;
        _rows.Clear();
        for (var i = 0; i < changes.Count; i++)
        {
            var change = changes[i].Change;
            var whole = change.EventCase switch
            {
                RowChange.EventOneofCase.Row => _rows.Add(change.Row, change.Traceparent, contracts),
                RowChange.EventOneofCase.Heartbeat => true,
                // What changed can't be known from these (TRUNCATE, Bulk, DDL).
                _ => false,
            };
            if (!whole)
            {
                // The generation begins at the record's own position: begun at its predecessor, a follower that stands there could still
                // give the rows from before.
                _rows.Clear();
                await BeginGenerationAsync(
                    contracts, changes[i].End, changes[i].Offset, change.System, change.EventCase.ToString(), cancellation).ConfigureAwait(false);
                _watermark = _watermark with { AsOf = AsOf(change) };
                from = i + 1;
            }
            else if (_rows.Keys.Count >= options.KeysPerPipeline)
            {
                await ApplyKeysAsync(contracts, changes[i], cancellation).ConfigureAwait(false);
                _rows.Clear();
                from = i + 1;
            }
        }
        if (from < changes.Count)
        {
            await ApplyKeysAsync(contracts, changes[^1], cancellation).ConfigureAwait(false);
        }
        metrics.Applied(lineage.Node, server.Address, changes.Count);
    }

    private async Task ApplyKeysAsync(NodeContracts contracts, LoggedChange last, CancellationToken cancellation)
    {
        _pipeline.Clear();
        _traces.Clear();
        _spans.Clear();
        _hashes.Clear();
        var end = last.End;
        var first = _watermark with { Hi = end > _watermark.Hi ? end : _watermark.Hi };
        foreach (var row in _rows.Keys)
        {
            if (!IsOwner(row.Key))
            {
                continue;
            }
            if (_hashes.Count == 0)
            {
                AddWatermark(first);
            }
            AddKey(row);
            _hashes.Add(row.Key.Hash);
        }

        if (_hashes.Count == 0)
        {
            _unwritten = last;
            if (time.GetElapsedTime(_lastWrite) >= options.LoInterval)
            {
                await WriteLoAsync(contracts, last, cancellation).ConfigureAwait(false);
            }
            return;
        }

        foreach (var (key, traceparent) in _rows.Shared)
        {
            if (IsOwner(key))
            {
                _spans.Add(traceparent);
            }
        }

        if (_traces.Count > 0)
        {
            // Before the marks, so that whoever wins after one finds its trace. Not among them: a server that has no room and may not evict (-M)
            // refuses a trace with a line that names no command, and which marks were made would stay open. A trace that is refused is no fault.
            await _connection.RunAsync(_traces, cancellation).ConfigureAwait(false);
        }
        var started = time.GetTimestamp();
        var begun = time.GetUtcNow();
        await _connection.RunAsync(_pipeline, cancellation).ConfigureAwait(false);
        Accept(first, _pipeline[0]);
        for (var i = 1; i < _pipeline.Count; i++)
        {
            switch (_pipeline[i].Status)
            {
                case MetaStatus.Hit or MetaStatus.NotFound:
                    break;
                case MetaStatus.ClientError:
                    metrics.Refused(lineage.Node, server.Address); // a key that this server takes from nobody: nothing can be cached under it
                    break;
                default:
                    throw new WatermarkLostException($"a mark was answered {_pipeline[i]}");
            }
        }
        await WriteLoAsync(contracts, last, cancellation).ConfigureAwait(false);
        metrics.Marked(lineage.Node, server.Address, _hashes.Count, time.GetElapsedTime(started));
        // Never before the marks are acknowledged: a process that drops its copy asks memcached at once.
        lineage.Drops.Publish(server.Address, end, _hashes, everything: false);
        _spans.Marked(begun, time.GetUtcNow(), last);
    }

    private Task WriteLoAsync(NodeContracts contracts, LoggedChange last, CancellationToken cancellation)
    {
        _unwritten = null;
        var end = last.End;
        return WriteAsync(
            _watermark with
            {
                Lo = end,
                Hi = end > _watermark.Hi ? end : _watermark.Hi,
                AsOf = AsOf(last.Change),
                Contracts = contracts.HonouredAt(end),
                Offset = last.Offset,
                System = last.Change.System,
            },
            cancellation);
    }

    /// <summary>Waits for the next batch, but not before it has told the server how far the last one went.</summary>
    private async ValueTask<bool> NextAsync(IAsyncEnumerator<ChangeBatch> batches, CancellationToken cancellation)
    {
        var next = batches.MoveNextAsync();
        if (_unwritten is not { } last || next.IsCompleted)
        {
            return await next.ConfigureAwait(false);
        }
        _next = next.AsTask();
        var left = options.LoInterval - time.GetElapsedTime(_lastWrite);
        if (left > TimeSpan.Zero)
        {
            await Task.WhenAny(_next, Task.Delay(left, time, cancellation)).ConfigureAwait(false);
        }
        if (!_next.IsCompleted)
        {
            await WriteLoAsync(lineage.Contracts.Current, last, cancellation).ConfigureAwait(false);
        }
        return await _next.ConfigureAwait(false);
    }

    private bool IsOwner(CacheKey key)
    {
        _owners.Clear();
        lineage.Pool.OwnersOf(key.Ring.Span, _owners);
        return _owners.Contains(server);
    }

    private void AddKey(in RowKey row)
    {
        Span<byte> key = stackalloc byte[256];
        key = key[..row.Key.WriteUnder(_watermark.Generation, key)];
        if (row.Traceparent.Length > 0)
        {
            _spans.Add(row.Traceparent);
            // Whoever refills the key links to the write.
            Span<byte> traceparent = stackalloc byte[128];
            if (System.Text.Encoding.ASCII.TryGetBytes(row.Traceparent, traceparent, out var length))
            {
                _traces.Set(KeyLayout.Trace(lineage.Prefix, key), traceparent[..length], new MetaSet { TtlSeconds = 5 }, quiet: true);
            }
        }
        _pipeline.Delete(key, row.Delete, quiet: true);
    }

    private void AddWatermark(Watermark watermark)
    {
        Span<byte> value = stackalloc byte[Watermark.Bytes];
        watermark.Write(value);
        _pipeline.Set(_watermarkKey, value, Chained());
    }

    private async Task WriteAsync(Watermark watermark, CancellationToken cancellation)
    {
        if (!await TryWriteAsync(watermark, cancellation).ConfigureAwait(false))
        {
            throw new WatermarkLostException("the watermark was written by somebody else, or evicted");
        }
    }

    private async Task<bool> TryWriteAsync(Watermark watermark, CancellationToken cancellation)
    {
        var reply = await _connection.SetAsync(_watermarkKey, watermark.ToBytes(), Chained(), cancellation).ConfigureAwait(false);
        if (reply.Status is MetaStatus.Exists or MetaStatus.NotFound or MetaStatus.NotStored)
        {
            return false;
        }
        Accept(watermark, reply);
        return true;
    }

    // Over what is known to be there, or only if there is nothing.
    private MetaSet Chained() => new() { Cas = _cas, Mode = _cas is null ? MetaSetMode.Add : MetaSetMode.Set, ReturnCas = true };

    private void Accept(Watermark watermark, MetaReply reply)
    {
        if (!reply.IsHit)
        {
            throw new WatermarkLostException($"the watermark's write was answered {reply}");
        }
        _cas = reply.Cas;
        _watermark = watermark;
        _lastWrite = time.GetTimestamp();
        lineage.Seen(server.Address, watermark);
    }

    private static DateTime AsOf(RowChange change) => DateTime.UnixEpoch.AddTicks(change.CommitTimeUs * TimeSpan.TicksPerMicrosecond);
}
