using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The invalidator of one node in this region: waits to be elected, takes a number, runs a <see cref="ServerLineage"/> for each server,
/// and ends when its session is lost or another lineage appears; then begins again.</summary>
internal sealed class Lineage(
    NodeName node, LineageSettings settings, OwnAddress address, NodePool postgres, MemcachedPool pool, ChangeLogClient log, ContractBook contracts,
    DropHub drops, InvalidatorOptions options, InvalidatorMetrics metrics, TimeProvider time, ILogger<Lineage> logger)
{
    private readonly Outage _outage = new(options.RetryPause);
    private volatile LineageContext? _running;
    private volatile ServerLineage[] _servers = [];

    public NodeName Node => node;

    /// <summary>Why the node's stream is not read at the moment, for each server that waits for it.</summary>
    public IEnumerable<string> Unread => _servers.Select(server => server.Unread).OfType<string>();

    /// <summary>The present life's state; null while another process is the lineage, or none.</summary>
    public LineageContext? Running => _running;

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await LiveAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException or NewerLineageException or OperationCanceledException)
            {
                var reason = e is OperationCanceledException ? "its session in the directory was lost" : e.Message;
                if (_outage.IsNews(reason))
                {
                    InvalidatorLog.LineageEnded(logger, node, reason);
                }
            }
            catch (Exception e)
            {
                // A fault of ours: the other nodes' lineages go on, and this one must not be over without a word.
                if (_outage.IsNews(e.Message))
                {
                    InvalidatorLog.LineageFailed(logger, node, e);
                }
            }
            await Task.Delay(_outage.NextPause(), time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LiveAsync(CancellationToken cancellation)
    {
        await contracts.FirstLoad.WaitAsync(cancellation).ConfigureAwait(false);
        await using var elected = await LineageLock.WaitAsync(
            postgres, settings.Prefix, settings.Region, node, time, cancellation).ConfigureAwait(false);
        using var living = CancellationTokenSource.CreateLinkedTokenSource(cancellation, elected.Lost);
        var seen = await HighestOwnerAsync(living.Token).ConfigureAwait(false);
        var owner = await LineageLock.TakeOwnerAsync(
            postgres, settings.Region, node, seen, await address.GetAsync(living.Token).ConfigureAwait(false), living.Token).ConfigureAwait(false);
        InvalidatorLog.LineageBegins(logger, node, settings.Region, owner);
        _outage.Over();

        var nodeDrops = drops.Open(node, owner, options.DropQueue);
        var context = new LineageContext(
            node, settings.Region, settings.Prefix, owner, pool, log, contracts.For(node), nodeDrops);
        _running = context;
        _servers = [.. pool.Servers.Select(server => new ServerLineage(server, context, options, metrics, time, logger))];
        var servers = _servers.Select(server => server.RunAsync(living.Token)).ToArray();
        try
        {
            // None ends but by cancellation, a newer lineage, or a fault.
            await (await Task.WhenAny(servers).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            _running = null;
            _servers = [];
            drops.Close(node, nodeDrops);
            await living.CancelAsync().ConfigureAwait(false);
            // The lock is given back only when nothing is written any more; a successor is fenced from us anyway, but not held up by us.
            await Task.WhenAll(servers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> HighestOwnerAsync(CancellationToken cancellation)
    {
        var key = KeyLayout.Watermark(settings.Prefix, node);
        var highest = 0L;
        foreach (var server in pool.Servers)
        {
            try
            {
                var reply = await server.GetAsync(key, new MetaGet { Return = MetaReturn.Value }, cancellation).ConfigureAwait(false);
                if (reply.Value is { } value && Watermark.TryRead(value) is { } watermark)
                {
                    highest = Math.Max(highest, watermark.Owner);
                }
            }
            catch (MemcachedException)
            {
                // Away: its watermark is looked at when it is back.
            }
        }
        return highest;
    }
}
