using Npgsql;

namespace InstaGrpc.Postgres.Internal;

/// <summary>Enters the configured nodes into the directory; an empty map is spread over them in equal ranges.</summary>
internal static class DirectorySetup
{
    private const string NodesSql = """
        INSERT INTO nodes (name, region) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (name) DO UPDATE SET region = excluded.region WHERE nodes.region <> excluded.region
        """;

    private const string SpreadSql = """
        INSERT INTO shards (shard, node, epoch)
        SELECT shard, ($1::text[])[shard * cardinality($1::text[]) / 8192 + 1], 1 FROM generate_series(0, 8191) AS shard
        WHERE NOT EXISTS (SELECT FROM shards)
        """;

    public static async ValueTask EnterNodesAsync(NodePool pool, CancellationToken cancellation)
    {
        string[] names = [.. pool.DataNodes.Select(static node => node.Value)];
        string[] regions = [.. pool.DataNodes.Select(pool.Region)];
        try
        {
            var connection = await pool.OpenAsync(NodePool.DirectoryNode, pool.Aside(NodePool.DirectoryNode), cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
                // The row of the map is what every change of it holds: two first starts don't both find it empty.
                await using (var hold = new NpgsqlCommand("SELECT epoch FROM shard_map FOR UPDATE", connection))
                {
                    await hold.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                }

                await using (var enter = new NpgsqlCommand(NodesSql, connection))
                {
                    enter.Parameters.Add(new NpgsqlParameter { Value = names });
                    enter.Parameters.Add(new NpgsqlParameter { Value = regions });
                    await enter.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                }

                await using (var spread = new NpgsqlCommand(SpreadSql, connection))
                {
                    spread.Parameters.Add(new NpgsqlParameter { Value = names });
                    if (await spread.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false) > 0)
                    {
                        await using var epoch = new NpgsqlCommand("UPDATE shard_map SET epoch = 1", connection);
                        await epoch.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
                    }
                }

                await DirectoryIdentity.EnsureAsync(connection, cancellation).ConfigureAwait(false);
                await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(NodePool.DirectoryNode, e);
        }
    }
}
