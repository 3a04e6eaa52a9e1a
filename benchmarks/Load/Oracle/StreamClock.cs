using System.Diagnostics;
using InstaGrpc.Caching;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Load.Oracle;

/// <summary>
/// Measures how far the change stream is behind, from outside: each write's token is a position of PostgreSQL's log, memcached's watermarks say up to where it is
/// invalidated, and the projector's row says up to where it has folded. So it is known of each write from when on whom it binds, without guessing a time.
/// For a mesh whose databases are not known the promise holds that copies end after <see cref="Unmeasured"/>; nothing is promised of when a write is counted and
/// fanned out, so these bind nobody before the end.
/// </summary>
internal sealed class StreamClock : IAsyncDisposable
{
    /// <summary>What the cache protocol promises: beyond it, copies are not served.</summary>
    public static readonly TimeSpan Unmeasured = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan _watermarks = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _positions = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeName, NodeClock> _nodes = [];
    private readonly MemcachedPool? _memcached;
    private readonly string _prefix;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public StreamClock(MeshEndpoints mesh)
    {
        _prefix = mesh.Prefix;
        if (mesh.Nodes.Count == 0 || mesh.Memcached.Count == 0) return;
        _memcached = new MemcachedPool(new MemcachedOptions { Servers = [.. mesh.Memcached] });
        foreach (var (name, connection) in mesh.Nodes)
        {
            var node = new NodeClock(new NodeName(name), NpgsqlDataSource.Create(PostgresAddress.Parse(connection).ConnectionString));
            _nodes[node.Name] = node;
            _running.Add(Task.Run(() => EachAsync(_watermarks, () => MarkAsync(node))));
            _running.Add(Task.Run(() => EachAsync(_positions, () => FoldAsync(node))));
        }
    }

    /// <summary>Whether it can measure.</summary>
    public bool Measures => _memcached is not null;

    /// <summary>Follows a write until it binds everybody.</summary>
    public void Track(AckedWrite write)
    {
        if (_nodes.TryGetValue(write.Node, out var node))
        {
            lock (_gate)
            {
                node.Marking.Add((write.Position, write, false));
                node.Folding.Add(write);
            }

            return;
        }

        write.AppliedAt = write.AckedAt + (long)(Unmeasured.TotalSeconds * Stopwatch.Frequency);
    }

    /// <summary>The longest times since the last call that a write took until memcached was invalidated and until it was folded, those included that are
    /// not yet.</summary>
    public (TimeSpan Applied, TimeSpan Folded) TakeLag()
    {
        lock (_gate)
        {
            var now = Stopwatch.GetTimestamp();
            long applied = 0, folded = 0;
            foreach (var node in _nodes.Values)
            {
                (applied, folded) = (Math.Max(applied, node.LongestApplied), Math.Max(folded, node.LongestFolded));
                (node.LongestApplied, node.LongestFolded) = (0, 0);
                foreach (var (_, write, counted) in node.Marking)
                {
                    if (!counted) applied = Math.Max(applied, now - write.AckedAt);
                }

                // Not the last one: while nothing is written the projector stores its position late.
                var newest = node.NewestFolding;
                foreach (var write in node.Folding)
                {
                    if (write != newest) folded = Math.Max(folded, now - write.AckedAt);
                }
            }

            return (Stopwatch.GetElapsedTime(0, applied), Stopwatch.GetElapsedTime(0, folded));
        }
    }

    /// <summary>Writes that do not bind everybody yet.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _nodes.Values.Sum(static node => node.Marking.Count + node.Folding.Count + node.FanningOut.Count);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running).ConfigureAwait(false);
        if (_memcached is not null) await _memcached.DisposeAsync().ConfigureAwait(false);
        foreach (var node in _nodes.Values) await node.Database.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task EachAsync(TimeSpan interval, Func<Task> look)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await look().ConfigureAwait(false);
                }
                catch (Exception e) when (
                    e is NpgsqlException or MemcachedException or TimeoutException or InvalidOperationException && !_stop.IsCancellationRequested)
                {
                    // Away: nothing is known, so nothing binds anybody until it is back.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task MarkAsync(NodeClock node)
    {
        lock (_gate)
        {
            if (node.Marking.Count == 0) return;
        }

        ReplayPosition? least = null;
        foreach (var server in _memcached!.Servers)
        {
            var reply = await server.GetAsync(KeyLayout.Watermark(_prefix, node.Name), new MetaGet { Return = MetaReturn.Value }, _stop.Token)
                .ConfigureAwait(false);
            if (reply.Value is not { } value || Watermark.TryRead(value) is not { } watermark) return;
            least = least is { } other && other < watermark.Lo ? other : watermark.Lo;
        }

        // Taken after the look: a read that begins from now on begins after the mark.
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            node.Marking.RemoveAll(entry =>
            {
                if (!least!.Value.Reaches(entry.Position)) return false;
                if (entry.Counted)
                {
                    entry.Write.CountedAt = now;
                    return true;
                }

                entry.Write.AppliedAt = now;
                node.LongestApplied = Math.Max(node.LongestApplied, now - entry.Write.AckedAt);
                return true;
            });
        }
    }

    private async Task FoldAsync(NodeClock node)
    {
        lock (_gate)
        {
            if (node.Folding.Count + node.FanningOut.Count == 0) return;
        }

        await using var command = node.Database.CreateCommand("""
            SELECT timeline, lsn::text, record_index, pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_insert_lsn()::text,
                ARRAY(SELECT subject_id FROM fanout_jobs WHERE ended_at IS NULL AND kind < 3 ORDER BY number LIMIT 5001)
            FROM stream_positions WHERE consumer = 'projector' AND source_node = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = node.Name.Value });
        await using var reader = await command.ExecuteReaderAsync(_stop.Token).ConfigureAwait(false);
        if (!await reader.ReadAsync(_stop.Token).ConfigureAwait(false)) return;
        var folded = new ReplayPosition(new Timeline((uint)reader.GetInt64(0)), Lsn.Parse(reader.GetString(1)), (uint)reader.GetInt64(2));
        // The projector's own commits lie before it, so counts are invalidated when memcached is.
        var written = new TokenPosition(Timeline.FromWalFileName(reader.GetString(3)), Lsn.Parse(reader.GetString(4)));
        var waiting = reader.GetFieldValue<long[]>(5).ToHashSet();
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            if (waiting.Count <= 5000)
            {
                node.FanningOut.RemoveAll(write =>
                {
                    if (waiting.Contains(write.Subject)) return false;
                    write.FannedOutAt = now;
                    return true;
                });
            }

            var newest = node.NewestFolding;
            node.Folding.RemoveAll(write =>
            {
                if (!folded.Reaches(write.Position)) return false;
                if (write != newest) node.LongestFolded = Math.Max(node.LongestFolded, now - write.AckedAt);
                node.Marking.Add((written, write, true));
                // The job is made with the fold; whether it has ended is seen from the next look on.
                node.FanningOut.Add(write);
                return true;
            });
        }
    }

    private sealed class NodeClock(NodeName name, NpgsqlDataSource database)
    {
        public NodeName Name => name;

        public NpgsqlDataSource Database => database;

        /// <summary>What memcached's watermarks have to pass: the write itself, or its counts.</summary>
        public List<(TokenPosition Position, AckedWrite Write, bool Counted)> Marking { get; } = [];

        public List<AckedWrite> Folding { get; } = [];

        public List<AckedWrite> FanningOut { get; } = [];

        public AckedWrite? NewestFolding => Folding.MaxBy(static write => write.Position);

        public long LongestApplied { get; set; }

        public long LongestFolded { get; set; }
    }
}
