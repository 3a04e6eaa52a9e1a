using InstaGrpc.Contracts.Ids;
using Npgsql;

namespace InstaGrpc.Services.IdService;

/// <summary>Windows leased in the directory's table <c>id_windows</c>: one row a shard, whose <c>last_ms</c> is the end of the last window.</summary>
/// <remarks>The row's lock orders the grants of a shard; the commit is acknowledged before an id of the window exists, so a crash on either side
/// only skips ms. Nothing depends on the clocks of the instances.</remarks>
public sealed class PostgresIdWindows(NpgsqlDataSource directory, IdServiceOptions options) : IIdWindows
{
    // The window starts at the database's now, or where the last one ended. `ahead` bounds how far that may be in the future.
    // The conditional update gives no row when it would pass the bound.
    private const string GrantSql = """
        WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1 AS now_ms)
        INSERT INTO id_windows AS w (shard, last_ms, owner)
        SELECT $2, now_ms + $3, $4 FROM clock
        ON CONFLICT (shard) DO UPDATE
            SET last_ms = greatest(w.last_ms, excluded.last_ms - $3) + $3, owner = excluded.owner
            WHERE w.last_ms <= excluded.last_ms - $3 + $5
        RETURNING last_ms, (SELECT now_ms FROM clock)
        """;

    private const string ReturnSql = "UPDATE id_windows SET last_ms = $2 WHERE shard = $1 AND last_ms = $3 AND owner = $4 AND $2 < $3";

    private readonly Guid _owner = Guid.NewGuid();

    /// <inheritdoc />
    public async ValueTask<IdWindow?> GrantAsync(int shard, CancellationToken cancellation)
    {
        var length = (long)options.Window.TotalMilliseconds;
        await using var command = directory.CreateCommand(GrantSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = InstaId.Epoch.ToUnixTimeMilliseconds() });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = shard });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = length });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _owner });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = (long)options.MaxAhead.TotalMilliseconds });
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            return null;
        }
        var end = reader.GetInt64(0);
        return new IdWindow(end - length, end, reader.GetInt64(1));
    }

    /// <inheritdoc />
    public async ValueTask ReturnAsync(int shard, long usedEnd, long end, CancellationToken cancellation)
    {
        await using var command = directory.CreateCommand(ReturnSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = shard });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = usedEnd });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = end });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = _owner });
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
