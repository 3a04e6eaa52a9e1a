using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres.Internal;
using InstaGrpc.Postgres.Internal.Checks;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>Looks at every configured server for what would break a promise of the mesh, and says how to mend it. Changes nothing.</summary>
public sealed class PostgresDoctor(NodePool pool, TimeProvider time)
{
    private static readonly INodeCheck[] _checks =
        [new ServerCheck(), new DurabilityCheck(), new LogicalDecodingCheck(), new RightsCheck(), new SchemaCheck(), new ContractsCheck()];

    /// <summary>Errors first, then by node. A server that can't be reached is a finding, not an exception.</summary>
    public async ValueTask<IReadOnlyList<PostgresFinding>> ExamineAsync(CancellationToken cancellation)
    {
        List<PostgresFinding> findings = [];
        foreach (var node in pool.AllNodes)
        {
            await ExamineAsync(node, findings, cancellation).ConfigureAwait(false);
        }

        return [.. findings.OrderByDescending(static finding => finding.Severity)];
    }

    private async ValueTask ExamineAsync(NodeName node, List<PostgresFinding> findings, CancellationToken cancellation)
    {
        try
        {
            var connection = await pool.OpenAsync(node, pool.Aside(node), cancellation).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                var server = new NodeExamination(node, connection, pool.Options, time, findings);
                foreach (var check in _checks)
                {
                    await RunAsync(check, server, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (NodeUnavailableException.IsCausedBy(e) || e is NpgsqlException)
        {
            findings.Add(new PostgresFinding(FindingSeverity.Error, node, "connect", $"it can't be reached: {e.Message}",
                node == NodePool.DirectoryNode ? "look at Insta:Postgres:Directory." : $"look at Insta:Postgres:Nodes:{node}:Primary."));
        }
    }

    private static async ValueTask RunAsync(INodeCheck check, NodeExamination server, CancellationToken cancellation)
    {
        try
        {
            await check.RunAsync(server, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (!NodeUnavailableException.IsCausedBy(e))
        {
            server.Warning(check.Name, $"it could not be looked at: {e.MessageText}.", "give the role the right to see it (pg_monitor).");
        }
    }
}
