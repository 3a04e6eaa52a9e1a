using System.Diagnostics;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;

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

    /// <param name="variables">More configuration; <c>{node}</c> in a value is <see cref="Node"/>.</param>
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
    });

    /// <summary>Keeps the stopped PostgreSQL's data as they are, in a folder beside them.</summary>
    public void KeepData(string name) => Copy(Postgres.DataFolder, Path.Combine(Folder, name));

    /// <summary>Puts kept data in the place of the stopped PostgreSQL's.</summary>
    public void PutBackData(string name)
    {
        Directory.Delete(Postgres.DataFolder, recursive: true);
        Copy(Path.Combine(Folder, name), Postgres.DataFolder);
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
            Variables[name] = value.Replace("{node}", Node, StringComparison.Ordinal);
        }
    }

    private static void Copy(string from, string to)
    {
        // With owners and modes: PostgreSQL insists on them.
        using var copy = Process.Start("cp", ["-a", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
