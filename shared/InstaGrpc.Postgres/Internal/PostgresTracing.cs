using System.Diagnostics;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres.Internal;

/// <summary>Activities of writes beside Npgsql's own, which know no node and no position.</summary>
internal static class PostgresTracing
{
    private static readonly ActivitySource _source = new("InstaGrpc.Postgres");

    /// <summary>Null: nobody records.</summary>
    public static Activity? BeginCommit(NodeName node)
    {
        var activity = _source.StartActivity("commit", ActivityKind.Internal);
        activity?.SetTag("db.system.name", "postgresql");
        activity?.SetTag("db.operation.name", "COMMIT");
        activity?.SetTag("insta.node", node.Value);
        return activity;
    }
}
