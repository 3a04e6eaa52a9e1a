using System.Diagnostics;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres.Internal;

internal sealed partial class NodeWrites(NodePool pool, ShardRouter router, IWriteTokens tokens, ILogger<NodeWrites> logger) : INodeWrites
{
    public async ValueTask<T> RunAsync<T>(
        long id, Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, ValueTask<T>> work, CancellationToken cancellation) =>
        await RunAsync(await router.NodeOfAsync(id, cancellation).ConfigureAwait(false), work, cancellation).ConfigureAwait(false);

    public async ValueTask<T> RunAsync<T>(
        NodeName node, Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, ValueTask<T>> work, CancellationToken cancellation)
    {
        try
        {
            try
            {
                return await RunOnceAsync(node, work, cancellation).ConfigureAwait(false);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected)
            {
                // PostgreSQL has rolled back and says that trying again may help; a second failure is the caller's to see.
                LogRunAgain(node, e.SqlState);
                return await RunOnceAsync(node, work, cancellation).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(node, e);
        }
    }

    private async ValueTask<T> RunOnceAsync<T>(
        NodeName node, Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, ValueTask<T>> work, CancellationToken cancellation)
    {
        var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // Disposed of after the commit it does nothing; before it, it rolls back.
            var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                if (Activity.Current is { Recorded: true, Id: { } traceparent, IdFormat: ActivityIdFormat.W3C })
                {
                    await using var trace = new NpgsqlCommand(
                        "SELECT pg_logical_emit_message(true, 'insta.trace', $1)", connection, transaction);
                    trace.Parameters.Add(new NpgsqlParameter<string> { TypedValue = traceparent });
                    await trace.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                }

                var result = await work(connection, transaction, cancellation).ConfigureAwait(false);

                // If the position fails, the call fails: an answer without its token would let its caller read around its own write.
                using var commit = PostgresTracing.BeginCommit(node);
                var position = await WalPosition.CommitAsync(connection, cancellation).ConfigureAwait(false);
                commit?.SetTag("insta.position", position.ToString());
                tokens.Add(node, position);
                return result;
            }
        }
    }

    [LoggerMessage(1410, LogLevel.Debug, "A write on {Node} runs again after {SqlState}")]
    private partial void LogRunAgain(NodeName node, string sqlState);
}
