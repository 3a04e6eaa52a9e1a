using System.Net.Sockets;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>
/// A node's server can't be reached or can't serve now. A write that fails so may have been committed: repeat it with the same request_id.
/// </summary>
public sealed class NodeUnavailableException : Exception
{
    public NodeUnavailableException(NodeName node, string message)
        : base(message) => Node = node;

    public NodeUnavailableException(NodeName node, Exception inner)
        : base($"PostgreSQL of node {node} is not available: {inner.Message}", inner) => Node = node;

    public NodeName Node { get; }

    /// <summary>True for what says nothing of the statement: connection lost or refused, pool exhausted, server starting, stopping, no
    /// primary any more, or without the database. False for a caller's cancel.</summary>
    public static bool IsCausedBy(Exception exception) => exception switch
    {
        NodeUnavailableException => true,
        PostgresException postgres => postgres.SqlState switch
        {
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
                or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction
                or PostgresErrorCodes.InvalidCatalogName => true,
            var state => state.StartsWith("08", StringComparison.Ordinal),
        },
        NpgsqlException npgsql => npgsql.InnerException is IOException or SocketException or TimeoutException || npgsql.IsTransient,
        SocketException => true,
        _ => false,
    };
}
