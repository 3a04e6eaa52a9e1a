using InstaGrpc.Embedded;
using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>
/// One PostgreSQL cluster, two memcached servers and one broker, all real, on ports that the kernel gives. Tests share them and take a
/// database and a prefix each, so that they can run at the same time.
/// </summary>
/// <remarks>
/// Use it through <see cref="AssemblyServers"/> (one set for the assembly, test classes in parallel). As an ICollectionFixture of its own
/// it gives a collection servers that it may crash or freeze. Never hold a transaction open on a shared cluster: making a replication slot
/// waits for every transaction of the cluster.
/// </remarks>
public sealed class SharedServers : IAsyncLifetime, IAsyncDisposable
{
    private readonly List<EmbeddedMemcached> _memcached = [];
    private TestFolder? _folder;
    private EmbeddedPostgres? _postgres;
    private MigratedDatabases? _migrated;
    private TestBroker? _broker;
    private int _names;

    public EmbeddedPostgres Postgres => _postgres ?? throw NotStarted();

    /// <summary>Two servers.</summary>
    public IReadOnlyList<EmbeddedMemcached> Memcached => _memcached.Count > 0 ? _memcached : throw NotStarted();

    /// <summary><c>127.0.0.1:port</c> of each memcached, as <c>Insta:Memcached:Servers</c> takes them.</summary>
    public IReadOnlyList<string> MemcachedServers => [.. Memcached.Select(server => server.Address)];

    public TestBroker Broker => _broker ?? throw NotStarted();

    /// <summary>Bootstrap servers of the broker.</summary>
    public string Kafka => Broker.BootstrapServers;

    /// <summary>A folder that goes away with the servers. PostgreSQL's account can reach it.</summary>
    public string Folder => (_folder ?? throw NotStarted()).Path;

    public async Task InitializeAsync()
    {
        _folder = TestFolder.Create();
        var postgres = EmbeddedPostgres.StartAsync(PostgresOptions(Path.Combine(_folder.Path, "postgres")));
        var memcached = Task.WhenAll(EmbeddedMemcached.StartAsync(), EmbeddedMemcached.StartAsync());
        var broker = TestBroker.StartAsync(Path.Combine(_folder.Path, "kafka"));
        try
        {
            await Task.WhenAll(postgres, memcached, broker).ConfigureAwait(false);
        }
        finally
        {
            // One that failed must not leave the others running.
            if (postgres.IsCompletedSuccessfully) (_postgres, _migrated) = (postgres.Result, new MigratedDatabases(postgres.Result));
            if (memcached.IsCompletedSuccessfully) _memcached.AddRange(memcached.Result);
            if (broker.IsCompletedSuccessfully) _broker = broker.Result;
            if (_postgres is null || _memcached.Count == 0 || _broker is null) await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The folder goes away when this process ends, however it does.</summary>
    public void DeleteFolderAfterExit() => (_folder ?? throw NotStarted()).DeleteAfterExit();

    /// <summary>What a test's own cluster needs to start quickly; more settings of postgresql.conf may be given.</summary>
    public static EmbeddedPostgresOptions PostgresOptions(string folder, IReadOnlyDictionary<string, string>? settings = null) => new()
    {
        DataFolder = folder,
        Fsync = false,
        Authentication = PostgresAuthentication.Trust,
        TemplateFolder = Checkout.StateFolder,
        StopLimit = TimeSpan.FromSeconds(2),
        // Databases of tests live for seconds: a vacuum of each costs more than it wins, and holds up copies of templates.
        Settings = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["autovacuum"] = "off" },
    };

    /// <summary>A database of the caller's own; dispose it to drop it with its slots.</summary>
    /// <param name="hint">Part of its name, for whoever looks into the server.</param>
    public async Task<TestDatabase> CreateDatabaseAsync(string hint = "test", CancellationToken ct = default)
    {
        var name = Unique(hint);
        return new TestDatabase(Postgres, name, await Postgres.CreateDatabaseAsync(name, ct).ConfigureAwait(false));
    }

    /// <summary>The same, migrated to a directory.</summary>
    public Task<TestDatabase> CreateDirectoryAsync(string hint = "directory", CancellationToken ct = default) =>
        CreateMigratedAsync(hint, isDirectory: true, ct);

    /// <summary>The same, migrated to a node.</summary>
    public Task<TestDatabase> CreateNodeAsync(string hint = "node", CancellationToken ct = default) => CreateMigratedAsync(hint, isDirectory: false, ct);

    /// <summary>A prefix of the caller's own for keys and topics (<c>Insta:Prefix</c>), ending in a dot.</summary>
    public string NewPrefix(string hint = "test") => Unique(hint).Replace('_', '-') + ".";

    public async Task DisposeAsync()
    {
        _broker?.Dispose();
        await Task.WhenAll(_memcached.Select(server => server.DisposeAsync().AsTask())).ConfigureAwait(false);
        if (_postgres is not null) await _postgres.CrashAsync().ConfigureAwait(false); // its data go away
        _folder?.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync().ConfigureAwait(false);

    private async Task<TestDatabase> CreateMigratedAsync(string hint, bool isDirectory, CancellationToken ct)
    {
        var name = Unique(hint);
        return new TestDatabase(Postgres, name, await _migrated!.CopyAsync(name, isDirectory, ct).ConfigureAwait(false));
    }

    private static InvalidOperationException NotStarted() => new("the servers are not started: await InitializeAsync first");

    private string Unique(string hint)
    {
        var letters = new string([.. hint.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit).Take(30)]);
        return $"{letters}_{Environment.ProcessId}_{Interlocked.Increment(ref _names)}";
    }
}
