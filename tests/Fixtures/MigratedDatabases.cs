using InstaGrpc.Embedded;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstaGrpc.TestFixtures;

/// <summary>Migrated databases of one server: made once as templates, and copied for each test, which costs a third of migrating.</summary>
internal sealed class MigratedDatabases(EmbeddedPostgres server)
{
    private readonly Lazy<Task> _directory = new(() => MakeAsync(server, isDirectory: true));
    private readonly Lazy<Task> _node = new(() => MakeAsync(server, isDirectory: false));

    /// <summary>A directory's or a node's tables under this name.</summary>
    /// <returns>The connection string.</returns>
    public async Task<string> CopyAsync(string name, bool isDirectory, CancellationToken ct)
    {
        await (isDirectory ? _directory : _node).Value.WaitAsync(ct).ConfigureAwait(false);
        await using var connection = await OpenAsync(server.ConnectionString(), ct).ConfigureAwait(false);
        // Through the WAL, as from PostgreSQL 15 on unless told, every walsender of the cluster would read 8 MB for each database.
        var strategy = connection.PostgreSqlVersion.Major >= 15 ? "STRATEGY FILE_COPY" : "";
        await using var copy = new NpgsqlCommand($"CREATE DATABASE \"{name}\" TEMPLATE \"{NameOf(isDirectory)}\" {strategy}", connection);
        await copy.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        return server.ConnectionString(name);
    }

    private static string NameOf(bool isDirectory) => isDirectory ? "migrated_directory" : "migrated_node";

    private static async Task MakeAsync(EmbeddedPostgres server, bool isDirectory)
    {
        // Not pooled: a template can be copied only while nobody is connected to it.
        var address = await server.CreateDatabaseAsync(NameOf(isDirectory)).ConfigureAwait(false);
        await using var connection = await OpenAsync(address, CancellationToken.None).ConfigureAwait(false);
        var migrator = new Migrator(NullLogger<Migrator>.Instance);
        await (isDirectory
            ? migrator.MigrateDirectoryAsync(connection, CancellationToken.None)
            : migrator.MigrateNodeAsync(connection, CancellationToken.None)).ConfigureAwait(false);
    }

    private static async Task<NpgsqlConnection> OpenAsync(string address, CancellationToken ct)
    {
        var connection = new NpgsqlConnection(address + ";Pooling=false");
        await connection.OpenAsync(ct).ConfigureAwait(false);
        return connection;
    }
}
