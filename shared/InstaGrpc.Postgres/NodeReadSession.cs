using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres.Internal;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>A run's connection to its node. The scope that opened it closes it; a handler only uses it.</summary>
public sealed class NodeReadSession
{
    private readonly TableReadAudit? _audit;

    internal NodeReadSession(NodeName node, ReadSource source, NpgsqlConnection connection, NpgsqlTransaction? transaction, TableReadAudit? audit)
    {
        Node = node;
        Source = source;
        Connection = connection;
        Transaction = transaction;
        _audit = audit;
    }

    public NodeName Node { get; }

    /// <summary>The server that is really read: the primary when no follower had replayed the fence.</summary>
    public ReadSource Source { get; }

    public NpgsqlConnection Connection { get; }

    /// <summary>Null unless the run is audited; then every command must run in it, as those of <see cref="Command"/> do.</summary>
    public NpgsqlTransaction? Transaction { get; }

    /// <summary>A command on the connection, in the transaction if there is one, with positional parameters ($1, $2, …).</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, Connection, Transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>The tables read so far, "media" or "schema.table" where it is not public, partitions by their root; null if the run is not
    /// audited.</summary>
    public async ValueTask<IReadOnlySet<string>?> TablesReadAsync(CancellationToken cancellation) =>
        _audit is null ? null : await _audit.TablesReadAsync(cancellation).ConfigureAwait(false);

    internal async ValueTask CloseAsync()
    {
        if (Transaction is not null)
        {
            await Transaction.DisposeAsync().ConfigureAwait(false);
        }

        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
