using System.Collections.Frozen;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// id -> shard -> node, from the directory's tables. The map is kept and read again when the directory says that it changed
/// (<see cref="DirectoryNotifications"/>), every <see cref="PostgresOptions.ShardMapInterval"/>, and when a caller asks for it.
/// </summary>
public sealed class ShardRouter(NodePool pool) : IDisposable
{
    private const string MapSql = "SELECT epoch FROM shard_map";
    private const string NodesSql = "SELECT name, region FROM nodes";
    private const string ShardsSql = "SELECT shard, node, epoch FROM shards";

    private readonly SemaphoreSlim _reading = new(1);
    private volatile ShardPlacement? _current;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The map as last read; null before that.</summary>
    public ShardPlacement? Current => _current;

    public ValueTask<ShardPlacement> GetAsync(CancellationToken cancellation) =>
        _current is { } current ? ValueTask.FromResult(current) : RefreshAsync(cancellation);

    /// <exception cref="NodeUnavailableException">The directory can't be read, and no map is known yet.</exception>
    public ValueTask<NodeName> NodeOfAsync(long id, CancellationToken cancellation)
    {
        return _current is { } current ? ValueTask.FromResult(current.NodeOf(id)) : SlowAsync(id, cancellation);

        async ValueTask<NodeName> SlowAsync(long id, CancellationToken cancellation) =>
            (await RefreshAsync(cancellation).ConfigureAwait(false)).NodeOf(id);
    }

    /// <summary>Reads the map from the directory now.</summary>
    /// <exception cref="NodeUnavailableException">The directory can't be read, or holds no map yet.</exception>
    public async ValueTask<ShardPlacement> RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: a map that was read earlier must not replace one that was read later.
        await _reading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var map = await ReadAsync(cancellation).ConfigureAwait(false);
            var former = _current;
            _current = map;
            if (former is null || former.Epoch != map.Epoch || former.Regions.Count != map.Regions.Count)
            {
                Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }

            return map;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The first map that this process reads whose epoch is not <paramref name="seen"/>.</summary>
    public async ValueTask<ShardPlacement> WaitForChangeAsync(long seen, CancellationToken cancellation)
    {
        while (true)
        {
            // Taken before the look: a change between the two completes this one.
            var changed = _changed.Task;
            if (_current is { } current && current.Epoch != seen)
            {
                return current;
            }

            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _reading.Dispose();

    private async ValueTask<ShardPlacement> ReadAsync(CancellationToken cancellation)
    {
        var node = NodePool.DirectoryNode;
        try
        {
            var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                // One snapshot for the three, so that shards and epoch belong together.
                await using var transaction = await connection
                    .BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation).ConfigureAwait(false);
                return await ReadAsync(connection, transaction, cancellation).ConfigureAwait(false);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new NodeUnavailableException(node, "The directory database has no tables yet: run `insta migrate`.");
        }
        catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(node, e);
        }
    }

    private static async ValueTask<ShardPlacement> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { new(MapSql), new(NodesSql), new(ShardsSql) },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        var epoch = reader.GetInt64(0);

        await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        var regions = new Dictionary<NodeName, string>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            regions.Add(new NodeName(reader.GetString(0)), reader.GetString(1));
        }

        await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        var names = regions.Keys.ToDictionary(static name => name.Value);
        var nodes = new NodeName[InstaId.Shards];
        var epochs = new long[InstaId.Shards];
        var seen = 0;
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var shard = reader.GetInt32(0);
            nodes[shard] = names[reader.GetString(1)];
            epochs[shard] = reader.GetInt64(2);
            seen++;
        }

        return seen == InstaId.Shards
            ? new ShardPlacement(epoch, nodes, epochs, regions.ToFrozenDictionary())
            : throw new NodeUnavailableException(
                NodePool.DirectoryNode, $"The directory places {seen} of {InstaId.Shards} shards: run `insta migrate`.");
    }
}
