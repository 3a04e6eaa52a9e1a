using InstaGrpc.Contracts.Ids;
using Npgsql;

namespace InstaGrpc.Services.IdService;

/// <summary>Windows leased in the directory's table <c>id_windows</c>: one row a shard, whose <c>last_ms</c> is the end, exclusive, of the
/// last window.</summary>
/// <remarks>
/// The row's lock orders the grants of a shard; the commit is acknowledged before an id of the window exists, so a crash on either side
/// only skips ms. Nothing depends on the clocks of the instances.
/// One statement is under way at a time; shards that ask meanwhile share the next one. So a process with one busy shard waits for nothing
/// but its own statement, and one with thousands of them does not need thousands.
/// </remarks>
public sealed class PostgresIdWindows(NpgsqlDataSource directory, IdServiceOptions options) : IIdWindows
{
    // The window starts at the database's now, or where the last one ended. $5 bounds how far that may be in the future: the conditional
    // update gives no row when it would pass the bound. In the order of the shards, so that two instances never wait for each other's
    // locks.
    private const string GrantSql = """
        WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1 AS now_ms)
        INSERT INTO id_windows AS w (shard, last_ms, owner)
        SELECT shard, now_ms + $3, $4 FROM clock, unnest($2) AS shard ORDER BY shard
        ON CONFLICT (shard) DO UPDATE
            SET last_ms = greatest(w.last_ms, excluded.last_ms - $3) + $3, owner = excluded.owner
            WHERE w.last_ms <= excluded.last_ms - $3 + $5
        RETURNING shard, last_ms, (SELECT now_ms FROM clock)
        """;

    private const string ReturnSql = """
        WITH rests AS (
            SELECT r.* FROM unnest($1, $2, $3) AS r (shard, start_ms, end_ms)
            JOIN id_windows AS w USING (shard) ORDER BY w.shard FOR UPDATE OF w)
        UPDATE id_windows AS w SET last_ms = r.start_ms FROM rests AS r
        WHERE w.shard = r.shard AND w.last_ms = r.end_ms AND w.owner = $4 AND r.start_ms < r.end_ms
        """;

    // Far above what a healthy directory needs, and soon enough to try another connection while callers still wait.
    private const int StatementSeconds = 5;

    private readonly Guid _owner = Guid.NewGuid();
    private readonly Lock _gate = new();
    private Dictionary<int, TaskCompletionSource<IdWindow?>> _waiting = [];
    private bool _asking;

    /// <inheritdoc />
    public Task<IdWindow?> GrantAsync(int shard)
    {
        var asked = new TaskCompletionSource<IdWindow?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_waiting.TryAdd(shard, asked))
            {
                throw new InvalidOperationException($"A window for shard {shard} is being asked for: two generators share these windows.");
            }
            if (!_asking)
            {
                _asking = true;
                _ = Task.Run(AskAsync);
            }
        }
        return asked.Task;
    }

    /// <inheritdoc />
    public async Task ReturnAsync(IReadOnlyCollection<IdWindowRest> rests, CancellationToken cancellation)
    {
        await using var command = directory.CreateCommand(ReturnSql);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. rests.Select(static rest => rest.Shard)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. rests.Select(static rest => rest.Start)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. rests.Select(static rest => rest.End)] });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _owner });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private async Task AskAsync()
    {
        while (true)
        {
            Dictionary<int, TaskCompletionSource<IdWindow?>> batch;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _asking = false;
                    return;
                }
                batch = _waiting;
                _waiting = [];
            }
            try
            {
                var granted = await GrantAsync([.. batch.Keys]).ConfigureAwait(false);
                foreach (var (shard, asked) in batch)
                {
                    asked.SetResult(granted.TryGetValue(shard, out var window) ? window : null);
                }
            }
            catch (Exception e)
            {
                foreach (var asked in batch.Values)
                {
                    asked.SetException(e);
                }
            }
        }
    }

    private async Task<Dictionary<int, IdWindow>> GrantAsync(int[] shards)
    {
        var length = (long)options.Window.TotalMilliseconds;
        await using var command = directory.CreateCommand(GrantSql);
        command.CommandTimeout = StatementSeconds;
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = InstaId.Epoch.ToUnixTimeMilliseconds() });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = shards });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = length });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _owner });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = (long)options.MaxAhead.TotalMilliseconds });
        await using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        var granted = new Dictionary<int, IdWindow>(shards.Length);
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            var end = reader.GetInt64(1);
            granted.Add(reader.GetInt32(0), new IdWindow(end - length, end, reader.GetInt64(2)));
        }
        return granted;
    }
}
