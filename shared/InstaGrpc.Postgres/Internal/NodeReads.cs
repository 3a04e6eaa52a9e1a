using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres.Internal;

internal sealed class NodeReads(NodePool pool, ShardRouter router, NodeReadScope scope) : INodeReads
{
    public async ValueTask<NodeReadSession> OpenAsync(CancellationToken cancellation)
    {
        if (scope.Session is { } open)
        {
            return open;
        }

        var node = scope.Node;
        if (node == default)
        {
            throw new InvalidOperationException(
                "No node was chosen for this run: give the method a shard_key in its contract, or set Insta:Node for the service.");
        }

        var (connection, source) = await ConnectAsync(node, cancellation).ConfigureAwait(false);
        try
        {
            NpgsqlTransaction? transaction = null;
            TableReadAudit? audit = null;
            if (scope.Audit)
            {
                transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
                audit = await TableReadAudit.BeginAsync(transaction, cancellation).ConfigureAwait(false);
            }

            return scope.Session = new NodeReadSession(node, source, connection, transaction, audit);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (NodeUnavailableException.IsCausedBy(e))
            {
                throw new NodeUnavailableException(node, e);
            }

            throw;
        }
    }

    public async ValueTask<T> ReadAsync<T>(
        long id, Func<NpgsqlConnection, CancellationToken, ValueTask<T>> read, CancellationToken cancellation)
    {
        var node = await router.NodeOfAsync(id, cancellation).ConfigureAwait(false);
        if (scope.Cached && node != scope.Node)
        {
            throw new InvalidOperationException(
                $"A handler of a cached method reads node {node} beside its own, {scope.Node}: its answer would go stale unseen."
                + " Remove `cache` from the contract, or call a method that reads the other node.");
        }

        var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await read(connection, cancellation).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
            {
                throw new NodeUnavailableException(node, e);
            }
        }
    }

    private async ValueTask<(NpgsqlConnection Connection, ReadSource Source)> ConnectAsync(NodeName node, CancellationToken cancellation)
    {
        if (scope.Source == ReadSource.Follower && scope.Fence is { } fence)
        {
            var followers = pool.Followers(node);
            if (followers.Count > 0 && await TryFollowerAsync(node, followers[Random.Shared.Next(followers.Count)], fence, cancellation)
                .ConfigureAwait(false) is { } follower)
            {
                return (follower, ReadSource.Follower);
            }
        }

        return (await pool.OpenAsync(node, cancellation).ConfigureAwait(false), ReadSource.Primary);
    }

    /// <summary>
    /// The check is a statement of its own, before the handler's snapshot: in one snapshot the follower can say that it has replayed a commit
    /// and still show the row from before it.
    /// </summary>
    private async ValueTask<NpgsqlConnection?> TryFollowerAsync(
        NodeName node, NpgsqlDataSource server, TokenPosition fence, CancellationToken cancellation)
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = await pool.OpenAsync(node, server, cancellation).ConfigureAwait(false);
            var replayed = await WalPosition.ReplayedAsync(connection, cancellation).ConfigureAwait(false);
            if (replayed is { } position && position.Timeline == fence.Timeline && position.Lsn >= fence.Lsn)
            {
                var ready = connection;
                connection = null;
                return ready;
            }
        }
        catch (Exception e) when (NodeUnavailableException.IsCausedBy(e))
        {
            // A follower that is away costs the primary a read, nothing else.
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }

        return null;
    }
}
