using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// How a handler writes: one transaction on one node's primary. The trace context goes into the WAL when it is recorded, and after the
/// commit the write's token goes to <see cref="IWriteTokens"/>, which the mesh puts into the trailer.
/// </summary>
public interface INodeWrites
{
    /// <summary>Runs <paramref name="work"/> in a transaction on the node that holds <paramref name="id"/> and commits. An exception rolls
    /// back. A serialization failure or deadlock runs the work once more: it must have no effect outside its transaction.</summary>
    /// <exception cref="NodeUnavailableException">The node can't be written now; the transaction may have been committed.</exception>
    ValueTask<T> RunAsync<T>(
        long id, Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, ValueTask<T>> work, CancellationToken cancellation);

    /// <summary>The same on a named node, e.g. <see cref="NodePool.DirectoryNode"/>.</summary>
    /// <exception cref="NodeUnavailableException">The node can't be written now; the transaction may have been committed.</exception>
    ValueTask<T> RunAsync<T>(
        NodeName node, Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, ValueTask<T>> work, CancellationToken cancellation);
}
