using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Embedded;
using InstaGrpc.Postgres;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Operations.Tests;

/// <summary>PostgreSQL (a directory and one node), memcached and a broker of a test's own, which it may stop, break and put back.</summary>
internal sealed class OwnServers : IAsyncDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();
    private EmbeddedPostgres? _postgres;
    private EmbeddedMemcached? _memcached;
    private EmbeddedBroker? _broker;

    public EmbeddedPostgres Postgres => _postgres!;

    public EmbeddedMemcached Memcached => _memcached!;

    /// <summary>A folder that goes away with them.</summary>
    public string Folder => _folder.Path;

    /// <summary>The connection string of the only node's database.</summary>
    public string Node { get; private set; } = "";

    /// <summary>A mesh's configuration, as environment variables.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <param name="variables">More configuration; <c>{node}</c> in a value is <see cref="Node"/>, <c>{folder}</c> <see cref="Folder"/>.</param>
    public static async Task<OwnServers> StartAsync(params (string Name, string Value)[] variables)
    {
        var servers = new OwnServers();
        try
        {
            await servers.RunAsync(variables);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts PostgreSQL on whatever lies in its folder, on the port of the last start.</summary>
    public async Task StartPostgresAsync() => _postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
    {
        DataFolder = Path.Combine(Folder, "postgres"), Port = _postgres?.Port ?? 0, Authentication = PostgresAuthentication.Trust,
        TemplateFolder = Checkout.StateFolder, Fsync = false, StopLimit = TimeSpan.FromSeconds(30),
        // A recovery replays what came after a backup, which no archive keeps; slots let go of it after a while.
        Settings = new Dictionary<string, string> { ["wal_keep_size"] = "1GB" },
    });

    /// <summary>Keeps the stopped PostgreSQL's data as they are, in a folder beside them.</summary>
    public void KeepData(string name) => Copy(Postgres.DataFolder, Path.Combine(Folder, name));

    /// <summary>Puts kept data in the place of the stopped PostgreSQL's.</summary>
    public void PutBackData(string name)
    {
        Directory.Delete(Postgres.DataFolder, recursive: true);
        Copy(Path.Combine(Folder, name), Postgres.DataFolder);
    }

    /// <summary>A base backup of the running server, as `pg_basebackup` makes it: without its slots.</summary>
    public async Task BackUpAsync(string name)
    {
        // As root the server is another account's, which must be able to read its own log and to write the backup.
        var isRoot = Environment.UserName == "root";
        if (isRoot) Run("chown", "-R", "postgres:", Postgres.DataFolder, Folder);
        string[] account = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
        await Task.Run(() => Run([
            .. account, "pg_basebackup", "-D", Path.Combine(Folder, name), "-X", "none", "-c", "fast", "-h", Postgres.Host,
            "-p", Postgres.Port.ToString(CultureInfo.InvariantCulture), "-U", Postgres.UserName, "--no-manifest",
        ]));
    }

    /// <summary>Starts the backup that lies in PostgreSQL's place: replays what other data have in their WAL up to a restore point, and goes on from there on a
    /// timeline of its own.</summary>
    public async Task RecoverAsync(string walOf, string point)
    {
        await File.AppendAllTextAsync(Path.Combine(Postgres.DataFolder, "postgresql.auto.conf"), $"""

            restore_command = 'cp {Path.Combine(Folder, walOf, "pg_wal")}/%f %p'
            recovery_target_name = '{point}'
            recovery_target_action = promote

            """);
        await File.WriteAllTextAsync(Path.Combine(Postgres.DataFolder, "recovery.signal"), "");
        await StartPostgresAsync();
        await Patience.UntilAsync(async () => await QueryAsync("SELECT pg_is_in_recovery()") == "False", "the recovery has come to its point");
    }

    /// <param name="sql">A statement.</param>
    /// <param name="database">A connection string; null: of any database.</param>
    public Task ExecuteAsync(string sql, string? database = null) => QueryAsync(sql, database);

    /// <summary>The first value of the first row as text; null: there is none.</summary>
    public async Task<string?> QueryAsync(string sql, string? database = null)
    {
        // Not from a pool: its connections would be of the life before.
        await using var connection = new NpgsqlConnection((database is null ? Postgres.ConnectionString() : PostgresAddress.Parse(database).ConnectionString)
            + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        var value = await command.ExecuteScalarAsync();
        return value is null or DBNull ? null : Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _broker?.Dispose();
        if (_memcached is not null) await _memcached.DisposeAsync();
        if (_postgres is not null) await _postgres.CrashAsync(); // its data go away
        _folder.Dispose();
    }

    private async Task RunAsync((string Name, string Value)[] variables)
    {
        await StartPostgresAsync();
        _memcached = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { MemoryMegabytes = 64 });
        _broker = await Task.Run(EmbeddedBroker.Start);
        Node = await Postgres.CreateDatabaseAsync("node");
        Variables["INSTA__POSTGRES__DIRECTORY"] = await Postgres.CreateDatabaseAsync("directory");
        Variables["INSTA__POSTGRES__NODES__n1__PRIMARY"] = Node;
        Variables["INSTA__MEMCACHED__SERVERS"] = Memcached.Address;
        Variables["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _broker.BootstrapServers;
        Variables["INSTA__KAFKA__EMBEDDED"] = "true";
        Variables["INSTA__CHANGES__SLOTINTERVAL"] = "00:00:01";
        foreach (var (name, value) in variables)
        {
            Variables[name] = value.Replace("{node}", Node, StringComparison.Ordinal).Replace("{folder}", Folder, StringComparison.Ordinal);
        }
    }

    // With owners and modes: PostgreSQL insists on them.
    private static void Copy(string from, string to) => Run("cp", "-a", from, to);

    private static void Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = "/" })!;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, string.Join(' ', command));
    }
}
