using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>A node's logical slot, seen through an ordinary connection.</summary>
/// <param name="Confirmed">The end of the last transaction that PostgreSQL will not send again.</param>
/// <param name="IsNew">Made by this call.</param>
internal sealed record ReplicationSlot(string Name, Lsn Confirmed, bool IsNew)
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a walsender that can only be a zombie's is left in peace.</summary>
    private static readonly TimeSpan _zombieLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Finds the slot, waits until nobody uses it, and makes it anew if it is absent or lost. The caller holds the node's lock, so whoever
    /// still uses it is a publisher that has lost it.
    /// </summary>
    /// <exception cref="PublisherException">The slot belongs to another database or plugin.</exception>
    public static async Task<ReplicationSlot> TakeAsync(NpgsqlConnection connection, string name, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            var state = await ReadAsync(connection, name, cancellationToken).ConfigureAwait(false);
            if (state is null)
            {
                return await CreateAsync(connection, name, cancellationToken).ConfigureAwait(false);
            }

            if (state.Foreign is { } foreign)
            {
                throw new PublisherException(
                    $"Slot {name} is another's ({foreign}): set another Insta:Prefix, or drop it if nobody uses it.");
            }

            if (state.Pid is { } pid)
            {
                if (time.GetElapsedTime(since) > _zombieLimit)
                {
                    await ExecuteAsync(connection, "SELECT pg_terminate_backend($1)", pid, cancellationToken).ConfigureAwait(false);
                }

                await Task.Delay(_poll, time, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!state.Lost)
            {
                return new ReplicationSlot(name, state.Confirmed, IsNew: false);
            }

            await DropAsync(connection, name, cancellationToken).ConfigureAwait(false);
        }
    }

    public static Task DropAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken) =>
        ExecuteAsync(connection, "SELECT pg_drop_replication_slot($1)", name, cancellationToken);

    private static async Task<ReplicationSlot> CreateAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        // Waits for every transaction of the cluster that is running now: no time limit but the caller's.
        await using var create = new NpgsqlCommand("SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput')", connection)
        {
            CommandTimeout = 0,
            Parameters = { new NpgsqlParameter { Value = name } },
        };
        var lsn = (string)(await create.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        return new ReplicationSlot(name, Lsn.Parse(lsn), IsNew: true);
    }

    private static async Task<State?> ReadAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var query = new NpgsqlCommand(
            """
            SELECT active_pid, wal_status IS NOT DISTINCT FROM 'lost' OR confirmed_flush_lsn IS NULL,
                   coalesce(confirmed_flush_lsn, '0/0')::text,
                   CASE WHEN slot_type <> 'logical' OR plugin <> 'pgoutput' OR database <> current_database()
                        THEN slot_type || ', ' || coalesce(plugin, 'no plugin') || ', database ' || coalesce(database, 'none') END
            FROM pg_replication_slots WHERE slot_name = $1
            """,
            connection)
        {
            Parameters = { new NpgsqlParameter { Value = name } },
        };
        await using var reader = await query.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        return new State(
            await reader.IsDBNullAsync(0, cancellationToken).ConfigureAwait(false) ? null : reader.GetInt32(0),
            reader.GetBoolean(1),
            Lsn.Parse(reader.GetString(2)),
            await reader.IsDBNullAsync(3, cancellationToken).ConfigureAwait(false) ? null : reader.GetString(3));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, object parameter, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter { Value = parameter } } };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private sealed record State(int? Pid, bool Lost, Lsn Confirmed, string? Foreign);
}
