using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Caching;

/// <summary>Ends announced contracts that nobody uses (<c>insta contracts retire</c>): the invalidator stops following them. A contract that is announced
/// again gets a new number, so that nothing cached under the old one comes back.</summary>
public sealed class ContractRetirement(NodePool pool)
{
    /// <summary>Ends the living contracts of a method.</summary>
    /// <param name="method">Full name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The numbers that were ended, and those that are still in use: a process has renewed them within the last hour. A process that stops
    /// renewing has stopped caching half an hour before.</returns>
    /// <exception cref="NodeUnavailableException">The directory can't be asked.</exception>
    public async ValueTask<(IReadOnlyList<ContractNumber> Ended, IReadOnlyList<ContractNumber> InUse)> RetireAsync(
        string method, CancellationToken cancellation = default)
    {
        await using var connection = await pool.OpenAsync(NodePool.DirectoryNode, cancellation).ConfigureAwait(false);
        var identity = await DirectoryIdentity.EnsureAsync(connection, cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);

        // The lock first: an announcement holds the row while it notes its process, so none can slip in between look and end.
        await ExecuteAsync(
            "SELECT number FROM contracts WHERE epoch = $1 AND method = $2 AND ended_at IS NULL ORDER BY number FOR UPDATE").ConfigureAwait(false);
        var inUse = await ExecuteAsync(
            """
            SELECT number FROM contracts c WHERE epoch = $1 AND method = $2 AND ended_at IS NULL AND EXISTS (
                SELECT FROM contract_processes p
                WHERE (p.epoch, p.number) = (c.epoch, c.number) AND p.renewed_at > now() - interval '1 hour')
            ORDER BY number
            """).ConfigureAwait(false);
        var ended = await ExecuteAsync(
            """
            UPDATE contracts c SET ended_at = now() WHERE epoch = $1 AND method = $2 AND ended_at IS NULL AND NOT EXISTS (
                SELECT FROM contract_processes p
                WHERE (p.epoch, p.number) = (c.epoch, c.number) AND p.renewed_at > now() - interval '1 hour')
            RETURNING number
            """).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return (ended, inUse);

        async ValueTask<List<ContractNumber>> ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction)
            {
                Parameters = { new NpgsqlParameter { Value = identity.Epoch }, new NpgsqlParameter { Value = method } },
            };
            var numbers = new List<ContractNumber>();
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                numbers.Add(new ContractNumber(identity.Epoch, reader.GetInt64(0)));
            }

            return numbers;
        }
    }
}
