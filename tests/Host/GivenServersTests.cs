using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using InstaGrpc.Memcached.Tests;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Host.Tests;

/// <summary>`insta up` on servers of a team's own.</summary>
public sealed class GivenServersTests(AssemblyServers servers) : IClassFixture<AssemblyServers>, IDisposable
{
    // Nobody listens there.
    private const string Nobody = "127.0.0.1:1";

    private readonly SharedServers _servers = servers.Servers;
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WithAllThreeGivenNothingIsStartedAndChangesReachTheCaches()
    {
        // The directory shares a database with the first node.
        await using var first = await _servers.CreateDatabaseAsync("own1");
        await using var second = await _servers.CreateDatabaseAsync("own2");
        await using var insta = InstaProcess.Start(Variables(), [.. Up(), .. Given($"{first.Url},{second.Url}")]);
        await insta.LineAsync("ready in ");

        // No server: but the demo's photos were looked at by decoders, which are the executable itself.
        Assert.All(await ChildrenAsync(insta.Id), static command => Assert.Contains("/insta decode ", command, StringComparison.Ordinal));
        Assert.Equal(["endpoints.json", "settings.json"], Directory.EnumerateFileSystemEntries(Data).Select(Path.GetFileName)
            .Where(name => name!.EndsWith(".json", StringComparison.Ordinal)).Order());
        Assert.False(Directory.Exists(Path.Combine(Data, "postgres")));
        using (var endpoints = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "endpoints.json"))))
        {
            Assert.Equal([first.Url, second.Url], endpoints.RootElement.GetProperty("postgres").EnumerateArray().Select(url => url.GetString()));
            Assert.Equal(_servers.MemcachedServers, endpoints.RootElement.GetProperty("memcached").EnumerateArray().Select(url => url.GetString()));
        }
        Assert.True(await first.QueryAsync<long>("SELECT count(*) FROM users") > 0);
        Assert.True(await second.QueryAsync<long>("SELECT count(*) FROM users") > 0);

        // Posts of both nodes: of the one beside the directory's tables, and of the other.
        foreach (var database in (TestDatabase[])[first, second])
        {
            var post = await database.QueryAsync<long>("SELECT min(id) FROM media");
            var (code, output) = await InstaProcess.RunAsync(
                Variables(), "demo", "--data", Data, "--updates", "5", "--readers", "4", "--media", post.ToString(CultureInfo.InvariantCulture));
            Assert.True(code == 0, output);
            Assert.Matches("(?m)^wrong answers +0$", output);
        }

        await insta.SignalAsync("TERM");
        Assert.Equal(0, await insta.ExitAsync());
        Assert.Equal(1L, await first.QueryAsync<long>("SELECT 1::bigint"));
    }

    [Theory]
    [InlineData("--postgres", "nonsense", "postgres://")]
    [InlineData("--postgres", "postgres://", "postgres://user:password@host:port/database")]
    [InlineData("--postgres", "postgres://u:hidden@127.0.0.1:1/db", "127.0.0.1:1/db")]
    [InlineData("--postgres", "postgres://u:hidden@nowhere.invalid/db", "nowhere.invalid:5432/db")]
    [InlineData("--postgres", "postgres://h/a,postgres://h/b,postgres://h/a", "h:5432/a twice")]
    [InlineData("--memcached", "127.0.0.1:port", "host:port")]
    [InlineData("--memcached", Nobody, Nobody)]
    [InlineData("--kafka", Nobody, Nobody)]
    [InlineData("--kafka", "nonsense:port:1", "nonsense")]
    [InlineData("--otlp", "collector:4317:x", "http://127.0.0.1:4317")]
    public async Task AServerThatCannotServeIsOneLine(string flag, string value, string told)
    {
        await using var database = await _servers.CreateDatabaseAsync("bad");
        var given = Given(database.Url).Append("--otlp").Append("http://127.0.0.1:4317").ToArray();
        given[Array.IndexOf(given, flag) + 1] = value;

        await OneLineAsync(told, [.. Up(), .. given]);
    }

    [Fact]
    public async Task ADatabaseThatCannotServeSaysWhatWouldHelp()
    {
        await using var database = await _servers.CreateDatabaseAsync("rights");
        await database.ExecuteAsync("CREATE ROLE plain_own LOGIN");
        try
        {
            var url = new UriBuilder(database.Url) { UserName = "plain_own", Password = "" }.Uri.ToString();
            await OneLineAsync("ALTER ROLE \"plain_own\" REPLICATION", [.. Up(), .. Given(url)]);
            await database.ExecuteAsync("ALTER ROLE plain_own REPLICATION");
            await OneLineAsync($"GRANT CREATE ON DATABASE \"{database.Name}\" TO \"plain_own\"", [.. Up(), .. Given(url)]);
        }
        finally
        {
            await database.ExecuteAsync("DROP ROLE plain_own");
        }
        await OneLineAsync("no_such_database", [.. Up(), .. Given(database.Url.Replace(database.Name, "no_such_database", StringComparison.Ordinal))]);
    }

    [Theory]
    [InlineData("ERROR\r\n", "does not speak memcached's meta protocol")]
    [InlineData("MN\r\nVERSION 1.6.17\r\n", "is memcached 1.6.17")]
    public async Task AMemcachedThatCannotHoldLeasesIsOneLineAndExitCode2(string answer, string told)
    {
        await using var old = new ScriptedServer(line => line == "mn" ? answer : "");
        await using var database = await _servers.CreateDatabaseAsync("old");
        await OneLineAsync(told, [.. Up(), "--postgres", database.Url, "--memcached", old.Address, "--kafka", _servers.Kafka]);
        await OneLineOfAsync(
            new()
            {
                ["INSTA__POSTGRES__DIRECTORY"] = database.Url,
                ["INSTA__POSTGRES__NODES__n1__PRIMARY"] = database.Url,
                ["INSTA__MEMCACHED__SERVERS"] = old.Address,
                ["INSTA__KAFKA__BOOTSTRAPSERVERS"] = _servers.Kafka,
            },
            told, "serve", "--roles", "all", "--grpc", "127.0.0.1:0", "--web", "127.0.0.1:0");
    }

    [Fact]
    public async Task ATakenPortIsFoundBeforeTheServersAreAsked()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        await OneLineAsync(
            $"port {port} for gRPC is taken by process {Environment.ProcessId}",
            "up", "--data", Data, "--web-port", "0", "--grpc-port", port, "--postgres", "postgres://h/d", "--memcached", Nobody, "--kafka", Nobody);
    }

    private string Data => Path.Combine(_folder.Path, "data");

    private string Prefix => field ??= _servers.NewPrefix("own");

    private Dictionary<string, string> Variables() => new()
    {
        ["INSTA__PREFIX"] = Prefix,
        ["INSTA__KAFKA__EMBEDDED"] = _servers.Broker.IsApacheKafka ? "false" : "true",
    };

    private string[] Up() => ["up", "--grpc-port", "0", "--web-port", "0", "--data", Data];

    private string[] Given(string urls) => ["--postgres", urls, "--memcached", string.Join(',', _servers.MemcachedServers), "--kafka", _servers.Kafka];

    private Task OneLineAsync(string told, params string[] arguments) => OneLineOfAsync(Variables(), told, arguments);

    private static async Task OneLineOfAsync(Dictionary<string, string> variables, string told, params string[] arguments)
    {
        var (code, output) = await InstaProcess.RunAsync(variables, arguments);

        Assert.Equal(2, code);
        var line = Assert.Single(output.Split('\n'), line => line.StartsWith("insta: ", StringComparison.Ordinal));
        Assert.Contains(told, line, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static async Task<string[]> ChildrenAsync(int process)
    {
        using var list = Process.Start(new ProcessStartInfo("ps", ["--ppid", process.ToString(CultureInfo.InvariantCulture), "-o", "args="])
        {
            RedirectStandardOutput = true,
        })!;
        return (await list.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
