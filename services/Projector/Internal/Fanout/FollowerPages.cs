using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>An author's followers in pages, and which of a page are active.</summary>
internal sealed class FollowerPages(NodePool pool, ShardRouter router, NodeName node, TimeSpan activeWindow) : IDisposable
{
    // Jobs that read at the same time would otherwise take every connection of the pool.
    private readonly SemaphoreSlim _readers = new(8);

    /// <summary>The followers after one, ascending; fewer than <paramref name="most"/> when there are no more.</summary>
    public async ValueTask<long[]> ReadAsync(long author, long after, int most, CancellationToken cancellation)
    {
        await _readers.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(FanoutSql.Followers, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = author });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
            return (long[])(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        }
        finally
        {
            _readers.Release();
        }
    }

    /// <summary>Those of the users who have read their feed of late, by the nodes that they live on. A hint: a node that can't be asked has
    /// no active users now.</summary>
    public async ValueTask<HashSet<long>> ActiveAsync(long[] users, CancellationToken cancellation)
    {
        var placement = await router.GetAsync(cancellation).ConfigureAwait(false);
        var active = new HashSet<long>();
        foreach (var some in users.GroupBy(placement.NodeOf))
        {
            try
            {
                await using var connection = await pool.OpenAsync(some.Key, cancellation).ConfigureAwait(false);
                await using var command = new NpgsqlCommand(FanoutSql.Active, connection);
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. some] });
                command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = activeWindow });
                active.UnionWith((long[])(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!);
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
            }
        }

        return active;
    }

    public void Dispose() => _readers.Dispose();
}
