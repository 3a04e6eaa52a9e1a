using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>The nodes that the directory has given shards to: each has to be there at every later start.</summary>
internal static class KnownNodes
{
    private const string _shards = "SELECT node, count(*) FROM shards GROUP BY node ORDER BY node";

    /// <exception cref="UsageException">A node of the shard map is not configured.</exception>
    public static async Task RefuseWithoutAsync(NodePool pool, CancellationToken ct)
    {
        await using var command = pool.Directory.CreateCommand(_shards);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (node, shards) = (reader.GetString(0), reader.GetInt64(1));
            if (!pool.DataNodes.Any(known => known.Value == node))
            {
                throw new UsageException($"the directory has {shards} shards on the node {node}, which is not among those given here:"
                    + " name as many databases with --postgres as before, or as many --nodes (left out: as many as before)");
            }
        }
    }
}
