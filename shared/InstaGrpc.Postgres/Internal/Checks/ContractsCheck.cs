namespace InstaGrpc.Postgres.Internal.Checks;

/// <summary>Every announced contract is honoured: one that a node refused is read uncached there, which only a log says otherwise.</summary>
internal sealed class ContractsCheck : INodeCheck
{
    public string Name => "contracts";

    public async ValueTask RunAsync(NodeExamination server, CancellationToken cancellation)
    {
        if (!server.IsDirectory || !await server.QueryAsync<bool>("SELECT to_regclass('contract_nodes') IS NOT NULL", cancellation).ConfigureAwait(false))
        {
            return;
        }

        var refused = await server.RowsAsync(
            """
            SELECT c.method, n.node, n.reason FROM contract_nodes n JOIN contracts c USING (epoch, number) JOIN directory_identity i USING (epoch)
            WHERE n.state = 'refused' AND c.ended_at IS NULL ORDER BY 1, 2
            """,
            static row => (Method: row.GetString(0), Node: row.GetString(1), Reason: row.GetString(2)),
            cancellation).ConfigureAwait(false);
        foreach (var contract in refused)
        {
            server.Error("contract", $"{contract.Method} is read uncached on node {contract.Node}, which refused its contract: {contract.Reason}.",
                $"change the table on {contract.Node} (the role changes looks again by itself), or the method's depends_on;"
                + $" one that no process serves any more: `insta contracts retire {contract.Method}`.");
        }
    }
}
