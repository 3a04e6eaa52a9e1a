using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>A node's edges, one after the other, without holding them in memory.</summary>
internal sealed class EdgeCursor : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlDataReader _reader;
    private readonly Func<(long Followee, long Follower), bool> _wanted;

    private EdgeCursor(NpgsqlConnection connection, NpgsqlCommand command, NpgsqlDataReader reader, Func<(long Followee, long Follower),
        bool> wanted)
    {
        _connection = connection;
        _command = command;
        _reader = reader;
        _wanted = wanted;
    }

    /// <summary>Null: at the end.</summary>
    public (long Followee, long Follower)? Current { get; private set; }

    public static async Task<EdgeCursor> OpenAsync(
        NodePool pool, NodeName node, string sql, Func<(long Followee, long Follower), bool> wanted, CancellationToken cancellationToken)
    {
        var connection = await pool.OpenAsync(node, cancellationToken).ConfigureAwait(false);
        try
        {
            var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            var cursor = new EdgeCursor(connection, command, await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false),
                wanted);
            await cursor.NextAsync(cancellationToken).ConfigureAwait(false);
            return cursor;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        while (await _reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var edge = (_reader.GetInt64(0), _reader.GetInt64(1));
            if (_wanted(edge))
            {
                Current = edge;
                return;
            }
        }

        Current = null;
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _command.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }
}
