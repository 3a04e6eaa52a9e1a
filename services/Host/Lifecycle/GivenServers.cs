using System.Net.Sockets;
using InstaGrpc.ChangeLog;
using InstaGrpc.Host.Configuration;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// Looks once whether servers that somebody named can serve, before anything is started on them: they are somebody else's, so they are not waited for.
/// Every fault is one line that says which server, what is wrong and what would help.
/// </summary>
internal static class GivenServers
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(10);

    /// <param name="urls">Of <c>--postgres</c>: a database each.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="UsageException">One can't serve.</exception>
    public static async Task CheckPostgresAsync(IReadOnlyList<string> urls, CancellationToken ct)
    {
        var addresses = urls.Select(Parse).ToArray();
        var twice = addresses.GroupBy(PostgresAddress.Describe).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null)
        {
            throw new UsageException($"--postgres names {twice.Key} twice: every node needs a database of its own");
        }
        await Task.WhenAll(addresses.Select(address => CheckAsync(address, ct)));
    }

    /// <param name="servers">Of <c>--memcached</c>.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="UsageException">One can't serve.</exception>
    public static async Task CheckMemcachedAsync(IReadOnlyList<string> servers, CancellationToken ct)
    {
        try
        {
            await using var pool = new MemcachedPool(new MemcachedOptions { Servers = [.. servers], ConnectTimeout = _limit });
            foreach (var server in pool.Servers) await server.ConnectAsync(ct);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--memcached: {e.Message}");
        }
        catch (MemcachedException e)
        {
            throw new UsageException($"--memcached: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <param name="bootstrapServers">Of <c>--kafka</c>.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="UsageException">No broker answers, or its client library is missing.</exception>
    public static async Task CheckKafkaAsync(string bootstrapServers, CancellationToken ct)
    {
        var options = ChangeLogOptions.From(InstaConfiguration.Build([new("Insta:Kafka:BootstrapServers", bootstrapServers)]));
        options.AdminTimeout = _limit;
        try
        {
            await new ChangeLogClient(options, new ConsumerProgress(TimeProvider.System), NullLoggerFactory.Instance).CheckAsync(ct);
        }
        catch (ChangeLogException e)
        {
            throw new UsageException($"--kafka: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static async Task CheckAsync(NpgsqlConnectionStringBuilder address, CancellationToken ct)
    {
        var name = PostgresAddress.Describe(address);
        address.Pooling = false;
        address.Timeout = (int)_limit.TotalSeconds;
        try
        {
            await using var connection = new NpgsqlConnection(address.ConnectionString);
            await connection.OpenAsync(ct);
            await using var command = new NpgsqlCommand(
                """
                SELECT current_setting('wal_level'), rolsuper OR rolreplication, has_database_privilege(current_database(), 'CREATE'), rolname
                FROM pg_roles WHERE rolname = current_user
                """,
                connection);
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            var (level, role) = (reader.GetString(0), reader.GetString(3));
            if (level != "logical")
            {
                throw new UsageException($"wal_level of {name} is {level}: run ALTER SYSTEM SET wal_level = 'logical' and restart PostgreSQL");
            }
            if (!reader.GetBoolean(1))
            {
                throw new UsageException($"{role} may not read the changes of {name}: run ALTER ROLE \"{role}\" REPLICATION");
            }
            if (!reader.GetBoolean(2))
            {
                throw new UsageException($"{role} may not make a publication in {name}: run GRANT CREATE ON DATABASE \"{connection.Database}\" TO \"{role}\"");
            }
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            throw new UsageException($"--postgres: {name} cannot be used: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string url)
    {
        try
        {
            return PostgresAddress.Parse(url);
        }
        catch (FormatException e)
        {
            throw new UsageException($"--postgres: {e.Message}");
        }
    }
}
