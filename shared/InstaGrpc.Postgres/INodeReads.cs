using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>How a handler reads. Scoped, one per run; the mesh has chosen node and source (<see cref="NodeReadScope"/>).</summary>
public interface INodeReads
{
    /// <summary>The run's session: the same one each time within a run.</summary>
    /// <exception cref="InvalidOperationException">No node was chosen: the contract has no shard_key, and the service no node.</exception>
    /// <exception cref="NodeUnavailableException">The node can't be read now.</exception>
    ValueTask<NodeReadSession> OpenAsync(CancellationToken cancellation);

    /// <summary>
    /// Reads the primary of the node that holds <paramref name="id"/>, for runs that are not cached. The connection is given back when
    /// <paramref name="read"/> is done, so that a run never holds one while it waits for another.
    /// </summary>
    /// <exception cref="InvalidOperationException">The run is cached and the id is on another node: such an answer would go stale unseen.</exception>
    /// <exception cref="NodeUnavailableException">The node can't be read now.</exception>
    ValueTask<T> ReadAsync<T>(long id, Func<NpgsqlConnection, CancellationToken, ValueTask<T>> read, CancellationToken cancellation);
}
