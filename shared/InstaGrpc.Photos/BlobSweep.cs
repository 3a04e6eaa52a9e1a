using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Photos;

/// <summary>
/// What happens to blobs with time: holds whose post or avatar was never made go, blobs that nobody holds go, and those that are old enough move to the
/// warm and the cold tier. Every step can be repeated from its beginning: a process may end in the middle of any.
/// </summary>
public sealed class BlobSweep(NodePool pool, ShardRouter router, PhotoStore store, PhotoOptions options, TimeProvider time)
{
    // One process sweeps a node at a time; "blobs" in ASCII.
    private const string TryLock = "SELECT pg_try_advisory_lock(422895903347)";

    /// <summary>One round on one node. False: another process is at it.</summary>
    public async ValueTask<bool> SweepAsync(NodeName node, CancellationToken cancellation)
    {
        // The lock goes with the session, however the round ends.
        var connection = await pool.OpenSessionAsync(node, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await using var take = new NpgsqlCommand(TryLock, connection);
            if (!(bool)(await take.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!)
            {
                return false;
            }

            await SettleHoldsAsync(connection, cancellation).ConfigureAwait(false);
            await DeleteUnheldAsync(connection, cancellation).ConfigureAwait(false);
            await MoveAsync(connection, BlobTier.Hot, BlobTier.Warm, options.WarmAfter, cancellation).ConfigureAwait(false);
            await MoveAsync(connection, BlobTier.Warm, BlobTier.Cold, options.ColdAfter, cancellation).ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>Lets a blob go, outside of any call: for the sweeps of who held it.</summary>
    public async ValueTask ReleaseAsync(BlobId blob, long owner, CancellationToken cancellation)
    {
        await using var connection = await OpenAsync(blob.RoutingId, cancellation).ConfigureAwait(false);
        await using var release = Command(connection, null, BlobSql.Release, blob);
        release.Parameters.Add(new NpgsqlParameter<long> { TypedValue = owner });
        await release.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Holds that were taken a while ago: the post is there, and the hold is good for ever, or it never will be.</summary>
    private async ValueTask SettleHoldsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        while (true)
        {
            List<(BlobId Blob, long Owner)> holds = [];
            await using (var command = new NpgsqlCommand(BlobSql.Unconfirmed, connection))
            {
                command.Parameters.Add(Before(options.OrphanLifetime));
                await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    holds.Add((BlobId.Of(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1)));
                }
            }

            foreach (var (blob, owner) in holds)
            {
                var sql = await IsHeldAsync(blob, owner, cancellation).ConfigureAwait(false) ? BlobSql.Confirm : BlobSql.ReleaseOrphan;
                await using var settle = Command(connection, null, sql, blob);
                settle.Parameters.Add(new NpgsqlParameter<long> { TypedValue = owner });
                settle.Parameters.Add(Before(options.OrphanLifetime));
                await settle.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            }

            if (holds.Count == 0)
            {
                return;
            }
        }
    }

    private async ValueTask<bool> IsHeldAsync(BlobId blob, long owner, CancellationToken cancellation)
    {
        await using var connection = await OpenAsync(owner, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(BlobSql.IsHeld, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = blob.Hex });
        return (bool)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    /// <summary>
    /// First the row is made to say that nothing is stored, and that is committed; then, under its lock, the bytes and the row go together. Whoever uploads
    /// the same photo meanwhile either came before the lock, and the second look finds the row touched, or makes a new row after it and stores anew; and
    /// bytes that are gone can't be behind a row that says they are there.
    /// </summary>
    private async ValueTask DeleteUnheldAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        List<BlobId> unheld = [];
        await using (var command = new NpgsqlCommand(BlobSql.Unreferenced, connection))
        {
            command.Parameters.Add(Before(options.UnreferencedLifetime));
            command.Parameters.Add(Before(options.OrphanLifetime));
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                unheld.Add(BlobId.Of(reader.GetFieldValue<byte[]>(0)));
            }
        }

        foreach (var blob in unheld)
        {
            await GiveUpAsync(connection, BlobSql.GiveUp, null, blob, cancellation).ConfigureAwait(false);
            await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
            if (await GiveUpAsync(connection, BlobSql.LockGivenUp, transaction, blob, cancellation).ConfigureAwait(false))
            {
                await store.DeleteAsync(blob, cancellation).ConfigureAwait(false);
                await using var forget = Command(connection, transaction, BlobSql.Forget, blob);
                await forget.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<bool> GiveUpAsync(
        NpgsqlConnection connection, string sql, NpgsqlTransaction? transaction, BlobId blob, CancellationToken cancellation)
    {
        await using var command = Command(connection, transaction, sql, blob);
        // The later of the two limits: which of them applies was decided by the search, and a touch moves the row past both.
        command.Parameters.Add(Before(options.OrphanLifetime));
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        return await reader.ReadAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Copied, taken out, and only then said to be elsewhere: ended anywhere between, the next round does it again, and readers, who look into
    /// every tier, find it all the time.</summary>
    private async ValueTask MoveAsync(NpgsqlConnection connection, BlobTier from, BlobTier to, TimeSpan age, CancellationToken cancellation)
    {
        while (true)
        {
            List<BlobId> ageing = [];
            await using (var command = new NpgsqlCommand(BlobSql.Ageing, connection))
            {
                command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)from });
                command.Parameters.Add(Before(age));
                await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    ageing.Add(BlobId.Of(reader.GetFieldValue<byte[]>(0)));
                }
            }

            foreach (var blob in ageing)
            {
                if (await store.EnterAsync(blob, from, to, cancellation).ConfigureAwait(false))
                {
                    await store.LeaveAsync(blob, from, cancellation).ConfigureAwait(false);
                }

                await using var move = Command(connection, null, BlobSql.Move, blob);
                move.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)to });
                await move.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            }

            if (ageing.Count == 0)
            {
                return;
            }
        }
    }

    private async ValueTask<NpgsqlConnection> OpenAsync(long id, CancellationToken cancellation) =>
        await pool.OpenAsync(await router.NodeOfAsync(id, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    private NpgsqlParameter<DateTime> Before(TimeSpan age) => new() { TypedValue = (time.GetUtcNow() - age).UtcDateTime };

    private static NpgsqlCommand Command(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, BlobId blob)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = blob.RoutingId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = blob.Bytes });
        return command;
    }
}
