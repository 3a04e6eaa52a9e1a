using System.Globalization;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Integration.Tests;

/// <summary>An edge list brought in by the command, and compared.</summary>
public sealed class ImportTests(RunningMesh fixture) : IClassFixture<RunningMesh>
{
    // Names of users, which nobody else's are.
    private const int First = 700_001;

    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task WhatWasImportedEqualsSqlAndAFeedThatDoesNotIsFound()
    {
        using var folder = TestFolder.Create();
        var file = await StarAsync(folder, First);
        var (code, output) = await RunAsync("graph", file, "--posts", "8");
        Assert.True(code == 0, output);
        (code, output) = await RunAsync("verify", file);
        Assert.True(code == 0 && output.Contains("no difference", StringComparison.Ordinal), output);
        // 7 friends and oneself: 64 posts in 3 pages. The others have 1 friend: 16 posts.
        Assert.Contains($"{3 + 7} pages of home feeds compared", output, StringComparison.Ordinal);

        var reader = (await _mesh.Graph.GetUserByNameAsync(
            new GetUserByNameRequest { Name = First.ToString(CultureInfo.InvariantCulture) }, RunningMesh.AsAdmin())).User.Id;
        await UntilNothingIsDroppedAsync(reader);
        var timelines = new TimelineStore(_mesh.Memcached, new TimelineKey(_mesh.Prefix), new FanoutOptions(), TimeProvider.System);
        await timelines.DropAsync(reader);
        Assert.True(await timelines.FinishAsync((await timelines.BeginAsync(reader))!, new TimelineContent([], [], 0)));
        (code, output) = await RunAsync("verify", file, "--wait", "0");
        Assert.Equal(1, code);
        Assert.Contains($"person {First}: the home feed's page from post 1 on has 8 posts, SQL 30", output, StringComparison.Ordinal);
        await timelines.DropAsync(reader);
    }

    [Fact]
    public async Task AnImportThatWasKilledGoesOnAndAThirdMakesNoDouble()
    {
        const int first = 710_001;
        using var folder = TestFolder.Create();
        var file = await StarAsync(folder, first);
        string[] arguments = ["import", "graph", file, "--posts", "8"];
        await KilledAsync(arguments, static insta => insta.LineAsync("users "));
        var star = await QueryAsync<long>(_mesh.Nodes.Directory, $"SELECT user_id FROM names WHERE name = '{first}'");

        // Somebody else is about to write the fifth post of the star: the import waits for him, and is killed there.
        var node = await _mesh.PostgresOfAsync(star);
        await using (var connection = await node.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var request = new NpgsqlCommand(
                $"INSERT INTO requests (routing_id, user_id, request_id, method) VALUES ({star}, {star}, 'import-{first}-4', 'x')", connection);
            await request.ExecuteNonQueryAsync();
            await KilledAsync(arguments, _ => Patience.UntilAsync(
                async () => await QueryAsync<long>(
                    node,
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' AND transactionid = "
                    + $"(SELECT backend_xid FROM pg_stat_activity WHERE pid = {connection.ProcessID})") > 0,
                "the import waits for the fifth post"));
            Assert.Equal(4, await QueryAsync<long>(node, $"SELECT count(*) FROM media WHERE owner_id = {star}"));
        }

        foreach (var time in (string[])["the rest", "again"])
        {
            var (code, output) = await RunAsync(arguments[1..]);
            Assert.True(code == 0, output);
            Assert.Equal((time, 8L, 14L, 64L), (time, await CountAsync(first, "users", "id"), await CountAsync(first, "follows", "follower_id"),
                await CountAsync(first, "media", "owner_id")));
        }
        var (differs, told) = await RunAsync("verify", file);
        Assert.True(differs == 0, told);
    }

    [FullTierFact]
    public async Task TheRealFileHasNoDifference()
    {
        var file = Path.Combine(Checkout.Root, "..", "shared", "data", "ego-facebook.edges");
        Assert.True(File.Exists(file), $"{file} is not there");
        var (code, output) = await RunForLongAsync("graph", file, "--posts", "1");
        Assert.True(code == 0, output);
        Assert.Contains("4039 people, 176468 follows, 4039 posts", output, StringComparison.Ordinal);
        (code, output) = await RunForLongAsync("verify", file, "--wait", "300");
        Assert.True(code == 0, output);
        Assert.Contains("no difference: 4039 people, 176468 follows", output, StringComparison.Ordinal);
    }

    private static async Task<T> QueryAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private async Task KilledAsync(string[] arguments, Func<InstaProcess, Task> until)
    {
        await using var insta = InstaProcess.Start(Variables, arguments);
        await until(insta);
        await insta.SignalAsync("KILL");
        Assert.Equal(137, await insta.ExitAsync(RunningMesh.Limit));
    }

    // Rows of the star's people, over all nodes.
    private async Task<long> CountAsync(int first, string table, string column)
    {
        var people = await QueryAsync<long[]>(
            _mesh.Nodes.Directory,
            $"SELECT array_agg(user_id) FROM names WHERE name IN ({string.Join(", ", Enumerable.Range(first, 8).Select(static name => $"'{name}'"))})");
        var count = 0L;
        foreach (var node in _mesh.Nodes.DataNodes)
        {
            count += await QueryAsync<long>(
                _mesh.Nodes.Primary(node), $"SELECT count(*) FROM {table} WHERE {column} IN ({string.Join(", ", people)})");
        }
        return count;
    }

    // What he has just followed drops his timeline; it must not be the one that is put there next.
    private async Task UntilNothingIsDroppedAsync(long reader)
    {
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        foreach (var node in _mesh.Nodes.DataNodes)
        {
            await using var waiting = _mesh.Nodes.Primary(node).CreateCommand(FormattableString.Invariant(
                $"SELECT count(*) FROM fanout_jobs WHERE kind = 3 AND subject_id = {reader}"));
            while ((long)(await waiting.ExecuteScalarAsync(limit.Token))! > 0)
            {
            }
        }
    }

    // One who is everybody's friend, and seven others.
    private static async Task<string> StarAsync(TestFolder folder, int first)
    {
        var file = Path.Combine(folder.Path, "edges");
        await File.WriteAllTextAsync(file, string.Join('\n', Enumerable.Range(1, 7).Select(other => $"{first} {first + other}")));
        return file;
    }

    private Dictionary<string, string> Variables => new(_mesh.Variables) { ["INSTA__GRPC__ADDRESS"] = "http://" + _mesh.GrpcOf("feed") };

    private async Task<(int Code, string Output)> RunForLongAsync(params string[] arguments)
    {
        await using var insta = InstaProcess.Start(Variables, ["import", .. arguments]);
        var code = await insta.ExitAsync(TimeSpan.FromMinutes(20));
        return (code, string.Join('\n', insta.Output));
    }

    private Task<(int Code, string Output)> RunAsync(params string[] arguments) => InstaProcess.RunAsync(Variables, ["import", .. arguments]);
}
