using System.Diagnostics;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;

namespace InstaGrpc.Gateway.Tests;

public sealed class DeadlineTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly TimeSpan _contract = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan _phone = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _late = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task AtItsDeadlineACallsStatementIsCancelledWithin100Ms()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:DeadlineFloor", "00:00:00"));
        await SleepOnAsync(mesh, "credentials");
        var watch = Stopwatch.StartNew();
        var signingUp = mesh.App.SignUpAsync(new SignUpRequest { Name = "ada", Password = "long enough", RequestId = "1" }).ResponseAsync;
        var sleeper = await SleeperAsync(mesh);
        var refusal = await Assert.ThrowsAsync<RpcException>(() => signingUp);
        var ended = watch.Elapsed;
        var cancelled = await GoneAsync(mesh, sleeper, watch);

        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        Assert.InRange(ended, _contract, _contract + TimeSpan.FromSeconds(2));
        Assert.True(cancelled - ended <= _late, $"the statement ended {(cancelled - ended).TotalMilliseconds:0} ms after the call");
    }

    [Fact]
    public async Task APhonesShorterTimeReachesPostgres()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var session = await mesh.SignUpAsync();
        await SleepOnAsync(mesh, "media");

        var posting = mesh.PostAsync(
            "insta.app.v1.AppService/Post", new PostRequest { Caption = "c", RequestId = "1" }, session: session,
            headers: ("grpc-timeout", $"{_phone.TotalSeconds}S"));
        var sleeper = await SleeperAsync(mesh);
        using var answer = await posting;
        var (status, _) = await WebFrames.StatusAsync(answer);
        var cancelled = await GoneAsync(mesh, sleeper, Stopwatch.StartNew());

        Assert.Equal("4", status);
        Assert.True(cancelled <= TimeSpan.FromSeconds(1), "the statement goes on");
    }

    private static async Task SleepOnAsync(GatewayMesh mesh, string table)
    {
        foreach (var database in mesh.Nodes.Nodes.Values)
        {
            await database.ExecuteAsync(
                $"""
                CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
                CREATE TRIGGER sleep BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION sleep()
                """);
        }
    }

    /// <summary>The backend that sleeps.</summary>
    private static async Task<int> SleeperAsync(GatewayMesh mesh)
    {
        while (true)
        {
            if (await SleepersAsync(mesh) is [var pid, ..])
            {
                return pid;
            }

            await Task.Yield();
        }
    }

    /// <summary>When it sleeps no more.</summary>
    private static async Task<TimeSpan> GoneAsync(GatewayMesh mesh, int sleeper, Stopwatch watch)
    {
        while (true)
        {
            var at = watch.Elapsed;
            if (!(await SleepersAsync(mesh)).Contains(sleeper))
            {
                return at;
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(50), "the statement is never cancelled");
            await Task.Yield();
        }
    }

    private static async Task<List<int>> SleepersAsync(GatewayMesh mesh)
    {
        List<int> found = [];
        foreach (var database in mesh.Nodes.Nodes.Values)
        {
            if (await database.QueryAsync<int>(
                "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") is var pid and > 0)
            {
                found.Add(pid);
            }
        }

        return found;
    }
}
