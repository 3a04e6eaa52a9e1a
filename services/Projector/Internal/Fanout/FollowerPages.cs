using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>An author's followers in pages, and which of a page are active.</summary>
internal sealed class FollowerPages(NodePool pool, ShardRouter router, NodeName node, TimeSpan activeWindow, FollowerGate gate)
{
    /// <summary>The followers after one, ascending; fewer than <paramref name="most"/> when there are no more.</summary>
    public ValueTask<long[]> ReadAsync(long author, long after, int most, CancellationToken cancellation) => gate.ReadAsync(
        node,
        async ct =>
        {
            await using var connection = await pool.OpenAsync(node, ct).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(FanoutSql.Followers, connection);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = author });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
            return (long[])(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
        },
        cancellation);

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
                active.UnionWith(await gate.ReadAsync(some.Key, ct => ActiveOfAsync(some.Key, [.. some], ct), cancellation)
                    .ConfigureAwait(false));
            }
            catch (Exception e) when (e is NpgsqlException or NodeUnavailableException)
            {
            }
        }

        return active;
    }

    private async ValueTask<long[]> ActiveOfAsync(NodeName home, long[] users, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(home, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.Active, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = users });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = activeWindow });
        return (long[])(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }
}
