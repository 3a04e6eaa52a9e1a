using System.Security.Cryptography;
using Google.Protobuf;
using InstaGrpc.Contracts.InvalidatorV1;
using Npgsql;
using NpgsqlTypes;

namespace InstaGrpc.Caching.Internal;

/// <summary>The directory's tables of announced contracts.</summary>
internal static class ContractDirectory
{
    /// <summary>Announces a contract, or finds the number that it has, and says that this process uses it.</summary>
    /// <remarks>
    /// A number is taken in the transaction that inserts, under the counter's row lock: numbers commit in order and without holes, so whoever sees one sees
    /// all before it. And the row is locked while the process is noted, so that it can't be ended in between by somebody who saw no process.
    /// </remarks>
    public static async ValueTask<long> AnnounceAsync(
        NpgsqlConnection connection, long epoch, AnnouncedContract contract, Guid process, CancellationToken cancellation)
    {
        var body = contract.ToByteArray();
        var identity = SHA256.HashData(body);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        var number = await LivingAsync().ConfigureAwait(false);
        if (number is null)
        {
            await using var count = new NpgsqlCommand(
                "UPDATE contract_counter SET last_number = last_number + 1 WHERE epoch = $1 RETURNING last_number", connection, transaction)
            {
                Parameters = { Long(epoch) },
            };
            var next = (long?)await count.ExecuteScalarAsync(cancellation).ConfigureAwait(false)
                ?? throw new InvalidOperationException("The directory has no contract_counter for its epoch: run insta migrate.");

            // Another process may have announced the same while this one waited for the counter; rolling back gives the number back.
            if (await LivingAsync().ConfigureAwait(false) is { } theirs)
            {
                await transaction.RollbackAsync(cancellation).ConfigureAwait(false);
                return await RenewAsync(connection, epoch, [theirs], process, cancellation).ConfigureAwait(false) == 1
                    ? theirs
                    : await AnnounceAsync(connection, epoch, contract, process, cancellation).ConfigureAwait(false);
            }

            await using var insert = new NpgsqlCommand(
                "INSERT INTO contracts (epoch, number, identity, method, body) VALUES ($1, $2, $3, $4, $5)", connection, transaction)
            {
                Parameters =
                {
                    Long(epoch), Long(next), new NpgsqlParameter { Value = identity }, new NpgsqlParameter { Value = contract.Method },
                    new NpgsqlParameter { Value = body },
                },
            };
            await insert.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            number = next;
        }

        await NoteAsync(connection, transaction, epoch, [number.Value], process, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return number.Value;

        async ValueTask<long?> LivingAsync()
        {
            await using var living = new NpgsqlCommand(
                "SELECT number FROM contracts WHERE epoch = $1 AND identity = $2 AND ended_at IS NULL FOR SHARE", connection, transaction)
            {
                Parameters = { Long(epoch), new NpgsqlParameter { Value = identity } },
            };
            return (long?)await living.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Says that this process still uses these contracts.</summary>
    /// <returns>How many of them are living.</returns>
    public static async ValueTask<int> RenewAsync(
        NpgsqlConnection connection, long epoch, long[] numbers, Guid process, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        var renewed = await NoteAsync(connection, transaction, epoch, numbers, process, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return renewed;
    }

    /// <summary>What became of contracts: (number, node, state, reason).</summary>
    public static async ValueTask<List<(long Number, string Node, string State, string Reason)>> StatesAsync(
        NpgsqlConnection connection, long epoch, long[] numbers, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT n.number, n.node, n.state, n.reason FROM contract_nodes n JOIN contracts c USING (epoch, number)
            WHERE n.epoch = $1 AND n.number = ANY($2) AND c.ended_at IS NULL
            """,
            connection)
        {
            Parameters = { Long(epoch), new NpgsqlParameter { Value = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint } },
        };
        var states = new List<(long, string, string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            states.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        }

        return states;
    }

    /// <summary>Forgets processes that have not renewed for a day: gone without a word, as all of them go. One that only could not for so long caches
    /// nothing since half an hour, and is noted anew when it renews.</summary>
    public static async ValueTask ForgetProcessesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // Many processes do this at a time: rows that another is at are his.
        await using var command = new NpgsqlCommand(
            """
            DELETE FROM contract_processes WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM contract_processes WHERE renewed_at < now() - interval '1 day' LIMIT 1000 FOR UPDATE SKIP LOCKED))
            """,
            connection);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The number of the living contract with this body, without a word of who asks; null: nobody has announced it.</summary>
    public static async ValueTask<long?> FindAsync(NpgsqlConnection connection, long epoch, AnnouncedContract contract, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT number FROM contracts WHERE epoch = $1 AND identity = $2 AND ended_at IS NULL", connection)
        {
            Parameters = { Long(epoch), new NpgsqlParameter { Value = SHA256.HashData(contract.ToByteArray()) } },
        };
        return (long?)await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }

    private static async ValueTask<int> NoteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long epoch, long[] numbers, Guid process, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH living AS (
                SELECT epoch, number FROM contracts WHERE epoch = $1 AND number = ANY($2) AND ended_at IS NULL ORDER BY number FOR SHARE)
            INSERT INTO contract_processes (epoch, number, process) SELECT epoch, number, $3 FROM living
            ON CONFLICT (epoch, number, process) DO UPDATE SET renewed_at = now()
            """,
            connection, transaction)
        {
            Parameters =
            {
                Long(epoch), new NpgsqlParameter { Value = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                new NpgsqlParameter { Value = process },
            },
        };
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static NpgsqlParameter Long(long value) => new() { Value = value };
}
