using System.Collections.Concurrent;
using Google.Protobuf;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>The announced contracts, kept up to date from the directory.</summary>
internal sealed class ContractBook(
    NodePool pool, DirectoryNotifications notifications, string prefix, InvalidatorOptions options, TimeProvider time, ILogger<ContractBook> logger)
    : BackgroundService
{
    private const string Sql = """
        SELECT c.number, c.body, c.ended_at IS NOT NULL, n.node, n.state, n.timeline, n.lsn
        FROM contracts c LEFT JOIN contract_nodes n USING (epoch, number)
        WHERE c.epoch = $1 ORDER BY c.number
        """;

    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly ConcurrentDictionary<NodeName, NodeContractBook> _nodes = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Loaded _contracts = new(0, []);

    // Under the loading lock.
    private readonly Dictionary<long, AnnouncedContract?> _bodies = [];
    private long _bodiesOf;

    /// <summary>Completes when the contracts have been read for the first time.</summary>
    public Task FirstLoad => _loaded.Task;

    public NodeContractBook For(NodeName node) => _nodes.GetOrAdd(node, name => new NodeContractBook(this, Resolve(name, _contracts)));

    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
            var identity = await DirectoryIdentity.EnsureAsync(connection, cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(Sql, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = identity.Epoch });
            var contracts = new List<Announced>();
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                var number = reader.GetInt64(0);
                if (contracts.Count == 0 || contracts[^1].Number != number)
                {
                    contracts.Add(new(number, Body(identity.Epoch, number, reader.GetFieldValue<byte[]>(1)), reader.GetBoolean(2), []));
                }
                if (!reader.IsDBNull(3))
                {
                    ReplayPosition? from = reader.GetString(4) == "published"
                        ? ReplayPosition.EndOf(
                            new Timeline((uint)reader.GetInt64(5)), new Lsn((ulong)reader.GetFieldValue<NpgsqlLogSequenceNumber>(6)))
                        : null;
                    contracts[^1].Nodes[new NodeName(reader.GetString(3))] = from;
                }
            }
            var loaded = new Loaded(identity.Epoch, contracts);
            _contracts = loaded;
            foreach (var (node, book) in _nodes)
            {
                book.Current = Resolve(node, loaded);
            }
            _loaded.TrySetResult();
        }
        finally
        {
            _loading.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var outage = new Outage(options.ContractInterval);
        while (!stoppingToken.IsCancellationRequested)
        {
            var seen = notifications.Version(DirectoryChannel.Contracts);
            var pause = options.ContractInterval;
            try
            {
                await ReloadAsync(stoppingToken).ConfigureAwait(false);
                outage.Over();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (outage.IsNews(e.Message))
                {
                    if (e is NpgsqlException or NodeUnavailableException)
                    {
                        InvalidatorLog.ContractsNotRead(logger, e.Message);
                    }
                    else
                    {
                        // A fault of ours: without this book no lineage learns of new contracts.
                        InvalidatorLog.ContractsFailed(logger, e);
                    }
                }
                pause = outage.NextPause();
            }
            // The interval is the net under notifications that were lost.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var told = notifications.WaitAsync(DirectoryChannel.Contracts, seen, patience.Token);
            await Task.WhenAny(told, Task.Delay(pause, time, patience.Token)).ConfigureAwait(false);
            await patience.CancelAsync().ConfigureAwait(false);
            await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What is announced under a number; null: this build can't read it, which is said once.</summary>
    private AnnouncedContract? Body(long epoch, long number, byte[] bytes)
    {
        // A number's contract never changes. What was read once stays, whatever becomes of the row: readers rely on it.
        if (_bodiesOf != epoch)
        {
            _bodies.Clear();
            _bodiesOf = epoch;
        }
        if (_bodies.TryGetValue(number, out var known) && known is not null)
        {
            return known;
        }
        try
        {
            return _bodies[number] = AnnouncedContract.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            if (_bodies.TryAdd(number, null))
            {
                InvalidatorLog.ContractNotRead(logger, number, e.Message);
            }
            return null;
        }
    }

    private NodeContracts Resolve(NodeName node, Loaded loaded)
    {
        var rules = new Dictionary<string, List<InvalidationRule>>(StringComparer.Ordinal);
        var honourable = new List<(long, ReplayPosition)>();
        var understood = 0L;
        var hole = false;
        foreach (var contract in loaded.Contracts)
        {
            // Numbers commit in order and without holes; one that is missing is not yet seen.
            if (contract.Number != understood + 1 || (!contract.Ended && contract.Body?.EncoderVersion != KeyEncoder.Version))
            {
                break;
            }
            understood = contract.Number;
            var answered = contract.Nodes.TryGetValue(node, out var from);
            if (!contract.Ended)
            {
                // Whatever its state here. One that is passed over now may be published at any moment, and processes cache as soon as they read so,
                // since the watermark has its number already: this book may learn of it later than they. A table that is not published yields no
                // changes, and marks too many hurt nobody.
                var isPublished = from is not null;
                var keys = new ContractKeys(prefix, node, new ContractNumber(loaded.Epoch, contract.Number), contract.Body!);
                foreach (var dependency in contract.Body!.DependsOn)
                {
                    if (!rules.TryGetValue(dependency.Table, out var ofTable))
                    {
                        rules[dependency.Table] = ofTable = [];
                    }
                    ofTable.Add(InvalidationRule.Of(keys, dependency, isPublished));
                }
            }
            if (contract.Ended || (answered && from is null))
            {
                // Nobody caches under it here now: it holds up nobody behind it.
                from = ReplayPosition.Origin;
            }
            hole |= from is null;
            if (!hole)
            {
                honourable.Add((contract.Number, from!.Value));
            }
        }
        return new NodeContracts(
            loaded.Epoch, understood, rules.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal), honourable);
    }

    private sealed record Loaded(long Epoch, IReadOnlyList<Announced> Contracts);

    /// <param name="Number">Its number.</param>
    /// <param name="Body">As announced; null: unreadable.</param>
    /// <param name="Ended">Nobody caches under it any more.</param>
    /// <param name="Nodes">Where it is published from which position on; null: refused, or not there.</param>
    private sealed record Announced(long Number, AnnouncedContract? Body, bool Ended, Dictionary<NodeName, ReplayPosition?> Nodes);
}
