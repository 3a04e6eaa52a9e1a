using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>
/// PostgreSQL is there when the shard map is known and some node answers. One node of many that is down takes its users' calls with it
/// (UNAVAILABLE), not the process out of service.
/// </summary>
internal sealed class PostgresReadiness(NodePool pool, ShardRouter router) : IReadinessCheck
{
    public string Name => "postgres";

    public IReadOnlyCollection<string>? Services => null;

    public async ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            await router.GetAsync(cancellation).ConfigureAwait(false);
        }
        catch (NodeUnavailableException e)
        {
            return e.Message;
        }

        string? last = null;
        foreach (var node in pool.DataNodes.Count > 0 ? pool.DataNodes : [NodePool.DirectoryNode])
        {
            last = await AskAsync(node, cancellation).ConfigureAwait(false);
            if (last is null)
            {
                return null;
            }
        }

        return last;
    }

    private async ValueTask<string?> AskAsync(NodeName node, CancellationToken cancellation)
    {
        try
        {
            var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await using var command = new NpgsqlCommand("SELECT 1", connection);
                await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
                return null;
            }
        }
        catch (Exception e) when (e is NodeUnavailableException || NodeUnavailableException.IsCausedBy(e))
        {
            return e.Message;
        }
    }
}
