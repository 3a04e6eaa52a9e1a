using InstaGrpc.Embedded;
using Npgsql;

namespace InstaGrpc.TestFixtures;

/// <summary>A database that one test owns.</summary>
public sealed class TestDatabase(EmbeddedPostgres server, string name, string connectionString) : IAsyncDisposable
{
    public string Name => name;

    /// <summary>For Npgsql.</summary>
    public string ConnectionString => connectionString;

    /// <summary>As psql takes it.</summary>
    public string Url => server.Url(name);

    public EmbeddedPostgres Server => server;

    public async Task<NpgsqlConnection> OpenAsync(CancellationToken ct = default)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync(ct).ConfigureAwait(false);
        return connection;
    }

    /// <summary>Runs statements, each committed by itself unless they say otherwise.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken ct = default)
    {
        await using var connection = await OpenAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T> QueryAsync<T>(string sql, CancellationToken ct = default)
    {
        await using var connection = await OpenAsync(ct).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(ct).ConfigureAwait(false))!;
    }

    public async ValueTask DisposeAsync() => await server.DropDatabaseAsync(name).ConfigureAwait(false);
}
