using System.Collections.Frozen;
using Google.Protobuf;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Caching;

/// <summary>
/// Announces this process's contracts in the directory, renews them each minute, and watches on which nodes they are published. Because they are announced
/// at run time, an invalidator that was built before a method existed invalidates it. A process that could not renew for half an hour stops caching: after
/// an hour an operator may end its contracts.
/// </summary>
public sealed partial class ContractAnnouncer : BackgroundService, IContractNumbers
{
    private static readonly TimeSpan _renewEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _stopCachingAfter = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan _lookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _retryAfter = TimeSpan.FromSeconds(1);

    // Never a version that readers resolved something under.
    private const int Lapsed = int.MinValue;

    private readonly NodePool _pool;
    private readonly DirectoryNotifications _notifications;
    private readonly TimeProvider _time;
    private readonly ILogger<ContractAnnouncer> _logger;
    private readonly Dictionary<string, (IReadOnlyList<KeyType> Types, ContractNumber Number)> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private FrozenDictionary<(string Method, NodeName Node), AnnouncedKey> _keys = FrozenDictionary<(string, NodeName), AnnouncedKey>.Empty;
    private long _epoch;
    private long _renewedAt;
    private int _version = 1;

    /// <summary>Makes it; <see cref="BackgroundService.StartAsync"/> begins.</summary>
    /// <param name="contracts">What this process serves; those without a cache are passed over.</param>
    /// <param name="pool">The directory, and the nodes whose tables are looked at.</param>
    /// <param name="notifications">Wakes it when the directory's contracts change.</param>
    /// <param name="time">The process's clock.</param>
    /// <param name="logger">Faults of contracts, once each.</param>
    public ContractAnnouncer(
        IEnumerable<MethodContract> contracts, NodePool pool, DirectoryNotifications notifications, TimeProvider time, ILogger<ContractAnnouncer> logger)
    {
        Contracts = [.. contracts.Where(static contract => contract.Policy.Cache is not null).DistinctBy(static contract => contract.FullName)];
        (_pool, _notifications, _time, _logger) = (pool, notifications, time, logger);
        _renewedAt = time.GetTimestamp();
    }

    /// <summary>What is announced.</summary>
    public IReadOnlyList<MethodContract> Contracts { get; }

    /// <summary>This process among those that announce.</summary>
    public Guid Process { get; } = Guid.NewGuid();

    /// <inheritdoc/>
    public int Version => HasLapsed ? Lapsed : Volatile.Read(ref _version);

    private bool HasLapsed => _time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) > _stopCachingAfter;

    /// <inheritdoc/>
    public AnnouncedKey? Find(string method, NodeName node) => HasLapsed ? null : Volatile.Read(ref _keys).GetValueOrDefault((method, node));

    /// <summary>One turn: announce what is not yet, renew if it is time, look where it is published.</summary>
    /// <exception cref="NodeUnavailableException">The directory can't be asked.</exception>
    public async ValueTask TurnAsync(bool renew, CancellationToken cancellation)
    {
        await using var connection = await _pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        var identity = await DirectoryIdentity.EnsureAsync(connection, cancellation).ConfigureAwait(false);
        if (identity.Epoch != _epoch)
        {
            // Another life of the directory: its numbers are others.
            Forget();
            _epoch = identity.Epoch;
        }

        // From before the statement: time that it takes must not lengthen what it grants.
        var asked = _time.GetTimestamp();
        var held = Numbers();
        var isAnnounced = _known.Count == Contracts.Count;
        if (renew && held.Length > 0
            && await ContractDirectory.RenewAsync(connection, _epoch, held, Process, cancellation).ConfigureAwait(false) != held.Length)
        {
            // Ended by an operator in spite of this process: nothing may be cached under the old number any more.
            Forget();
            isAnnounced = false;
        }

        if (!isAnnounced)
        {
            foreach (var contract in Contracts.Where(contract => !_known.ContainsKey(contract.FullName)))
            {
                await AnnounceAsync(connection, contract, cancellation).ConfigureAwait(false);
            }
        }

        if (renew)
        {
            Interlocked.Exchange(ref _renewedAt, asked);
            await ContractDirectory.ForgetProcessesAsync(connection, cancellation).ConfigureAwait(false);
        }

        Publish(await ContractDirectory.StatesAsync(connection, _epoch, Numbers(), cancellation).ConfigureAwait(false));
    }

    /// <summary>Finds one contract as the processes that serve it have announced it, and announces nothing: for a tool, which is none of them. To be called
    /// instead of starting this.</summary>
    /// <exception cref="NodeUnavailableException">The directory can't be asked.</exception>
    public async ValueTask LookAsync(MethodContract contract, CancellationToken cancellation)
    {
        await using var connection = await _pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        _epoch = (await DirectoryIdentity.EnsureAsync(connection, cancellation).ConfigureAwait(false)).Epoch;
        Forget();
        var (types, fault) = await BoundTypes.FindAsync(contract, _pool, cancellation).ConfigureAwait(false);
        if (types is null)
        {
            LogFault(contract.FullName, fault!);
            return;
        }

        var body = ToAnnounced(contract, types);
        if (await ContractDirectory.FindAsync(connection, _epoch, body, cancellation).ConfigureAwait(false) is { } number)
        {
            _known[contract.FullName] = (types, new ContractNumber(_epoch, number));
            Publish(await ContractDirectory.StatesAsync(connection, _epoch, [number], cancellation).ConfigureAwait(false));
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Contracts.Count == 0)
        {
            return;
        }

        var renewed = 0L;
        var outage = new Outage(_retryAfter);
        while (!stoppingToken.IsCancellationRequested)
        {
            var seen = _notifications.Version(DirectoryChannel.Contracts);
            var pause = _lookEvery;
            try
            {
                var renew = renewed == 0 || _time.GetElapsedTime(renewed) >= _renewEvery;
                var now = _time.GetTimestamp();
                await TurnAsync(renew, stoppingToken).ConfigureAwait(false);
                outage.Over();
                renewed = renew ? now : renewed;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (outage.IsNews(e.Message))
                {
                    if (e is NpgsqlException or NodeUnavailableException or InvalidOperationException)
                    {
                        LogNotAnnounced(e.Message);
                    }
                    else
                    {
                        LogFailed(e);
                    }
                }

                pause = outage.NextPause();
            }

            // A notification may be lost: looking now and then is the net under it.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var told = _notifications.WaitAsync(DirectoryChannel.Contracts, seen, patience.Token);
            await Task.WhenAny(told, Task.Delay(pause, _time, patience.Token)).ConfigureAwait(false);
            await patience.CancelAsync().ConfigureAwait(false);
            await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async ValueTask AnnounceAsync(NpgsqlConnection connection, MethodContract contract, CancellationToken cancellation)
    {
        var (types, fault) = await BoundTypes.FindAsync(contract, _pool, cancellation).ConfigureAwait(false);
        if (types is null)
        {
            if (_told.Add($"{contract.FullName} {fault}"))
            {
                LogFault(contract.FullName, fault!);
            }

            return;
        }

        var number = await ContractDirectory.AnnounceAsync(connection, _epoch, ToAnnounced(contract, types), Process, cancellation).ConfigureAwait(false);
        _known[contract.FullName] = (types, new ContractNumber(_epoch, number));
    }

    private static AnnouncedContract ToAnnounced(MethodContract contract, IReadOnlyList<KeyType> types)
    {
        var policy = contract.Policy.Cache!;
        var announced = new AnnouncedContract
        {
            Method = contract.FullName,
            EncoderVersion = KeyEncoder.Version,
            List = policy.IsList,
            MaxStaleMs = (uint)policy.MaxStale.TotalMilliseconds,
            LeaseSeconds = (uint)Math.Max(2, Math.Ceiling(policy.Lease.TotalSeconds)),
            SchemaHash = ByteString.CopyFrom(contract.SchemaHash),
        };
        for (var i = 0; i < types.Count; i++)
        {
            var field = policy.BoundFields[i];
            announced.Fields.Add(new InstaGrpc.Contracts.InvalidatorV1.KeyField { Name = field.Name, Type = types[i], HasPresence = field.HasPresence });
        }

        foreach (var dependency in policy.DependsOn)
        {
            // As the change stream names it: "public" is never said.
            announced.DependsOn.Add(new AnnouncedDependency
            {
                Table = dependency.Schema == "public" ? dependency.Name : dependency.Table,
                Columns = { dependency.Columns },
            });
        }

        return announced;
    }

    private void Publish(List<(long Number, string Node, string State, string Reason)> states)
    {
        var methods = _known.ToDictionary(static pair => pair.Value.Number.Number, static pair => (Method: pair.Key, pair.Value.Types));
        var keys = new Dictionary<(string, NodeName), AnnouncedKey>();
        foreach (var (number, node, state, reason) in states)
        {
            var (method, types) = methods[number];
            if (state == "published")
            {
                keys[(method, new NodeName(node))] = new AnnouncedKey(new ContractNumber(_epoch, number), types);
            }
            else if (state == "refused" && _told.Add($"{method} {node} {reason}"))
            {
                LogRefused(method, node, reason);
            }
        }

        var before = Volatile.Read(ref _keys);
        if (keys.Count != before.Count || keys.Any(pair => !before.TryGetValue(pair.Key, out var known) || known.Number != pair.Value.Number))
        {
            Volatile.Write(ref _keys, keys.ToFrozenDictionary());
            Interlocked.Increment(ref _version);
        }
    }

    private void Forget()
    {
        _known.Clear();
        Volatile.Write(ref _keys, FrozenDictionary<(string, NodeName), AnnouncedKey>.Empty);
        Interlocked.Increment(ref _version);
    }

    private long[] Numbers() => [.. _known.Values.Select(static known => known.Number.Number)];

    [LoggerMessage(1500, LogLevel.Error, "{Method} is not cached: {Fault}")]
    private partial void LogFault(string method, string fault);

    [LoggerMessage(1501, LogLevel.Error, "{Method} is not cached on node {Node}: {Reason}")]
    private partial void LogRefused(string method, string node, string reason);

    [LoggerMessage(1502, LogLevel.Warning, "The contracts of this process could not be announced or renewed, trying again: {Reason}")]
    private partial void LogNotAnnounced(string reason);

    [LoggerMessage(1503, LogLevel.Error, "Announcing the contracts of this process failed and is tried again")]
    private partial void LogFailed(Exception exception);
}
