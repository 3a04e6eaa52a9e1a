using System.Globalization;
using InstaGrpc.Embedded.Internal;
using Npgsql;

namespace InstaGrpc.Embedded;

/// <summary>
/// A PostgreSQL cluster of our own on 127.0.0.1: made when absent, with what the change stream needs (logical WAL, slots, walsenders).
/// It runs as the caller, or as the account postgres when the caller is root, and never outlives the caller (see README.md).
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const int _portAttempts = 5;
    private static readonly string[] _complaints =
        ["FATAL", "PANIC", "ERROR", "LOG:  could not", "LOG:  invalid", "LOG:  unrecognized", "LOG:  syntax"];
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _immediateLimit = TimeSpan.FromSeconds(3);

    private readonly PostgresCluster _cluster;
    private readonly EmbeddedPostgresOptions _options;
    private readonly ServerProcess _process;
    private readonly string? _password;

    private EmbeddedPostgres(PostgresCluster cluster, EmbeddedPostgresOptions options, ServerProcess process, int port, string? password)
    {
        _cluster = cluster;
        _options = options;
        _process = process;
        _password = password;
        Port = port;
    }

    /// <summary>Always 127.0.0.1.</summary>
    public string Host => "127.0.0.1";

    public int Port { get; }

    /// <summary>The superuser, which also has REPLICATION: <c>postgres</c>.</summary>
    public string UserName => "postgres";

    /// <summary>Where the data really are (see <see cref="EmbeddedPostgresOptions.DataFolder"/>).</summary>
    public string DataFolder => _cluster.Folder;

    /// <summary>The server's log.</summary>
    public string LogFile => _cluster.LogFile;

    /// <summary>The postmaster's process id.</summary>
    public int ProcessId => _process.Identity.Pid;

    /// <summary>Completes, with the exit code, when the server has ended for whatever reason.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>The folder that data asked for in <paramref name="dataFolder"/> really go to.</summary>
    public static Task<string> ResolveDataFolderAsync(string dataFolder, CancellationToken ct = default) =>
        ServerFolder.ResolveAsync(dataFolder, ct);

    /// <summary>
    /// Makes the cluster when it is absent, stops the postmaster that a killed run left there, starts and waits until it takes connections.
    /// The caller makes sure that no living run owns the folder (<see cref="FolderOwnership"/>).
    /// </summary>
    /// <exception cref="EmbeddedServerException">Not installed, port taken, or it did not start; the message says what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken ct = default)
    {
        var folder = await ServerFolder.ResolveAsync(options.DataFolder, ct).ConfigureAwait(false);
        if (folder != Path.GetFullPath(options.DataFolder))
        {
            options.Report?.Invoke($"PostgreSQL's account cannot reach {options.DataFolder}: its data are in {folder}");
        }
        var binaries = await PostgresBinaries.FindAsync(options.BinFolder, ct).ConfigureAwait(false);
        var cluster = new PostgresCluster(folder, binaries, ServerFolder.PostgresAccount);
        if (!cluster.Exists) await cluster.CreateAsync(options.TemplateFolder, options.Fsync, ct).ConfigureAwait(false);
        await StopLeftoverAsync(cluster, options, ct).ConfigureAwait(false);

        for (var attempt = 1; ; attempt++)
        {
            var port = ChoosePort(cluster, options, attempt);
            cluster.WriteSettings(Settings(options, port), options.Authentication);
            if (File.Exists(cluster.LogFile)) File.Move(cluster.LogFile, cluster.LogFile + ".1", overwrite: true);
            string[] command = [binaries.Postgres, "-D", folder];
            var process = await ServerProcess.StartAsync(
                command, ServerFolder.PostgresAccount, cluster.LogFile, deathSignal: "INT", folder).ConfigureAwait(false);
            try
            {
                if (await WaitUntilReadyAsync(cluster, process, options, ct).ConfigureAwait(false))
                {
                    var password = options.Authentication == PostgresAuthentication.Password ? cluster.Password : null;
                    return new EmbeddedPostgres(cluster, options, process, port, password);
                }
            }
            catch
            {
                await process.StopAsync((Signal.Quit, _immediateLimit), (Signal.Kill, _immediateLimit)).ConfigureAwait(false);
                throw;
            }

            // A port that was free when we asked can be somebody's by the time postgres binds it: a kernel-given one is simply drawn again.
            var reason = Complaints(cluster);
            if (options.Port == 0 && attempt < _portAttempts && reason.Contains("could not bind", StringComparison.Ordinal)) continue;
            throw new EmbeddedServerException($"PostgreSQL did not start ({reason}); its log is {cluster.LogFile}");
        }
    }

    /// <summary>Stops the postmaster that a killed run left on the folder, if there is one. The caller owns the folder.</summary>
    public static async Task StopLeftoverAsync(EmbeddedPostgresOptions options, CancellationToken ct = default)
    {
        var folder = await ServerFolder.ResolveAsync(options.DataFolder, ct).ConfigureAwait(false);
        await StopLeftoverAsync(new PostgresCluster(folder, new PostgresBinaries("", 0), account: null), options, ct).ConfigureAwait(false);
    }

    /// <summary>For Npgsql; with the password, when there is one.</summary>
    public string ConnectionString(string database = "postgres") => new NpgsqlConnectionStringBuilder
    {
        Host = Host, Port = Port, Username = UserName, Password = _password, Database = database,
    }.ConnectionString;

    /// <summary><c>postgresql://user:password@host:port/database</c>, for psql and other programs.</summary>
    public string Url(string database = "postgres")
    {
        var user = _password is null ? UserName : $"{UserName}:{_password}";
        return string.Create(CultureInfo.InvariantCulture, $"postgresql://{user}@{Host}:{Port}/{Uri.EscapeDataString(database)}");
    }

    /// <summary>Makes the database when it is absent and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken ct = default)
    {
        await using var connection = await OpenAdministrationAsync(ct).ConfigureAwait(false);
        try
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {Quote(name)}", connection);
            await create.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // There before, or made by somebody else at this moment (then it is the catalog's unique index that refuses).
        }
        return ConnectionString(name);
    }

    /// <summary>Drops the database with its replication slots, ending whoever is connected. Nothing happens when it is absent.</summary>
    public async Task DropDatabaseAsync(string name, CancellationToken ct = default)
    {
        await using var connection = await OpenAdministrationAsync(ct).ConfigureAwait(false);
        // A slot is freed only after its walsender has really ended: end it, then try again until none is left.
        const string drop = """
            SELECT count(*) FILTER (WHERE active), count(pg_terminate_backend(active_pid)) FILTER (WHERE active),
                   count(CASE WHEN NOT active THEN pg_drop_replication_slot(slot_name)::text END)
            FROM pg_replication_slots WHERE database = $1
            """;
        while (true)
        {
            try
            {
                await using var slots = new NpgsqlCommand(drop, connection) { Parameters = { new() { Value = name } } };
                if ((long)(await slots.ExecuteScalarAsync(ct).ConfigureAwait(false))! == 0) break;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.UndefinedObject)
            {
                // Its consumer came back, or somebody else dropped it, between the view and the drop.
            }
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
        await using var database = new NpgsqlCommand($"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)", connection);
        await database.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>
    /// A fast shutdown; after <see cref="EmbeddedPostgresOptions.StopLimit"/> an immediate one: a walsender whose client confirms only
    /// commit ends can hold up a fast shutdown for ever. Nothing committed is lost either way.
    /// </summary>
    public async Task StopAsync()
    {
        await _process.StopAsync(
            (Signal.Interrupt, _options.StopLimit), (Signal.Quit, _immediateLimit), (Signal.Kill, _immediateLimit)).ConfigureAwait(false);
    }

    /// <summary>Ends the server at once, as a crash would (an immediate shutdown: the next start recovers from the WAL).</summary>
    public async Task CrashAsync() =>
        await _process.StopAsync((Signal.Quit, _immediateLimit), (Signal.Kill, _immediateLimit)).ConfigureAwait(false);

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private static async Task StopLeftoverAsync(PostgresCluster cluster, EmbeddedPostgresOptions options, CancellationToken ct)
    {
        if (cluster.FindPostmaster() is not { } leftover) return;
        options.Report?.Invoke($"stopping PostgreSQL (process {leftover.Pid}), left by a run that was killed");
        (Signal, TimeSpan)[] steps =
            [(Signal.Interrupt, options.StopLimit), (Signal.Quit, _immediateLimit), (Signal.Kill, _immediateLimit)];
        if (!await LeftoverProcess.StopAsync(leftover, ct, steps).ConfigureAwait(false))
        {
            throw new EmbeddedServerException(
                $"PostgreSQL (process {leftover.Pid}) of {cluster.Folder} cannot be stopped: stop it by hand");
        }
    }

    private static int ChoosePort(PostgresCluster cluster, EmbeddedPostgresOptions options, int attempt)
    {
        if (options.Port != 0)
        {
            if (LoopbackPort.IsFree(options.Port)) return options.Port;
            var owner = LoopbackPort.OwnerOf(options.Port)?.ToString() ?? "somebody";
            throw new EmbeddedServerException($"port {options.Port} for PostgreSQL is taken by {owner}: stop it or give another port");
        }
        return attempt == 1 && cluster.LastPort is { } last && LoopbackPort.IsFree(last) ? last : LoopbackPort.Free();
    }

    private static Dictionary<string, string> Settings(EmbeddedPostgresOptions options, int port)
    {
        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
        var settings = new Dictionary<string, string>
        {
            ["port"] = Number(port),
            ["listen_addresses"] = "127.0.0.1",
            ["unix_socket_directories"] = "",
            ["wal_level"] = "logical",
            ["max_connections"] = Number(options.MaxConnections),
            ["max_replication_slots"] = Number(options.MaxReplicationSlots),
            ["max_wal_senders"] = Number(options.MaxReplicationSlots),
            ["max_slot_wal_keep_size"] = $"{options.MaxSlotWalKeepMegabytes}MB",
            ["shared_buffers"] = $"{options.SharedBuffersMegabytes}MB",
            ["track_commit_timestamp"] = "on",
            ["lc_messages"] = "C",
            ["log_timezone"] = "UTC",
            ["timezone"] = "UTC",
        };
        if (!options.Fsync)
        {
            settings["fsync"] = "off";
            settings["full_page_writes"] = "off";
        }
        foreach (var (name, value) in options.Settings) settings[name] = value;
        return settings;
    }

    private static async Task<bool> WaitUntilReadyAsync(
        PostgresCluster cluster, ServerProcess process, EmbeddedPostgresOptions options, CancellationToken ct)
    {
        var until = Environment.TickCount64 + (long)options.StartLimit.TotalMilliseconds;
        while (!process.Exited.IsCompleted)
        {
            if (cluster.IsReady(process.Identity.Pid)) return true;
            if (Environment.TickCount64 > until)
            {
                var limit = options.StartLimit.TotalSeconds;
                throw new EmbeddedServerException(
                    $"PostgreSQL was not ready within {limit:0} s ({Complaints(cluster)}); its log is {cluster.LogFile}");
            }
            await Task.Delay(_poll, ct).ConfigureAwait(false);
        }
        return false;
    }

    /// <summary>The first complaints of this start: what follows them is only their consequence.</summary>
    private static string Complaints(PostgresCluster cluster)
    {
        if (!File.Exists(cluster.LogFile)) return "no log";
        var faults = File.ReadLines(cluster.LogFile).Select(WithoutPrefix).Where(line => _complaints.Any(line.StartsWith)).Take(2);
        var text = string.Join("; ", faults);
        return text.Length > 0 ? text : WithoutPrefix(File.ReadLines(cluster.LogFile).LastOrDefault() ?? "empty log");
    }

    /// <summary>2026-11-22 08:18:04.123 UTC [4711] FATAL:  …</summary>
    private static string WithoutPrefix(string line) =>
        line.IndexOf("] ", StringComparison.Ordinal) is var at and >= 0 ? line[(at + 2)..] : line;

    private static string Quote(string name) => '"' + name.Replace("\"", "\"\"") + '"';

    private async Task<NpgsqlConnection> OpenAdministrationAsync(CancellationToken ct)
    {
        // Unpooled: a pool of its own would outlive the databases that it is for.
        var connection = new NpgsqlConnection(ConnectionString() + ";Pooling=false");
        await connection.OpenAsync(ct).ConfigureAwait(false);
        return connection;
    }
}
