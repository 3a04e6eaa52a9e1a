using System.Diagnostics;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres.Tests;

public class NodeWritesTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly NodeName _n1 = new("n1");
    private static readonly NodeName _n2 = new("n2");

    [Fact]
    public async Task AWriteGoesToTheNodeOfItsIdAndItsTokenCoversTheCommit()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        var database = nodes.Nodes[_n2];
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{database.Name}', 'test_decoding')");
        var id = await nodes.IdOnAsync(_n2);
        await using var run = new Run(nodes.Pool);
        var before = Lsn.Parse(await database.QueryAsync<string>("SELECT pg_current_wal_insert_lsn()::text"));
        Assert.Equal(1, await run.Writes.RunAsync(id, (connection, _, ct) => Insert(connection, id, ct), Patience.Token()));

        Assert.True(run.Tokens.Token.TryGet(_n2, out var token));
        Assert.Single(run.Tokens.Token.Positions);
        Assert.True(token.Lsn > before);
        var commits = await database.LinesAsync(
            $"SELECT lsn::text FROM pg_logical_slot_get_changes('{database.Name}', NULL, NULL) WHERE data LIKE 'COMMIT%'");
        Assert.NotEmpty(commits);
        Assert.All(commits, commit => Assert.True(token.Lsn >= Lsn.Parse(commit), $"{token} misses the commit that ends at {commit}"));
        Assert.Equal(1u, token.Timeline.Value);
    }

    [Fact]
    public async Task TheTokensOfSeveralNodesStandSideBySide()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        await using var run = new Run(nodes.Pool);
        foreach (var node in (NodeName[])[_n1, NodePool.DirectoryNode, _n1])
        {
            await run.Writes.RunAsync(node, static (_, _, _) => ValueTask.FromResult(0), Patience.Token());
        }

        Assert.Equal([NodePool.DirectoryNode, _n1], run.Tokens.Token.Positions.Select(static position => position.Key));
    }

    [Fact]
    public async Task ARecordedActivityLeavesItsTraceInTheTransactionAndAnotherDoesNot()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var database = nodes.Nodes[_n1];
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{database.Name}', 'test_decoding')");
        await using var run = new Run(nodes.Pool);

        async Task<List<string>> TracesOfAsync(ActivityTraceFlags flags, long id)
        {
            using var activity = new Activity("write") { ActivityTraceFlags = flags }.SetIdFormat(ActivityIdFormat.W3C).Start();
            await run.Writes.RunAsync(_n1, (connection, _, ct) => Insert(connection, id, ct), Patience.Token());
            var lines = await database.LinesAsync($"SELECT data FROM pg_logical_slot_get_changes('{database.Name}', NULL, NULL)");
            Assert.Contains(lines, static line => line.StartsWith("table public.user_counts: INSERT", StringComparison.Ordinal));
            return [.. lines.Where(line => line.Contains($"prefix: insta.trace, sz: 55 content:{activity.Id}", StringComparison.Ordinal))];
        }

        Assert.Single(await TracesOfAsync(ActivityTraceFlags.Recorded, 1));
        Assert.Empty(await TracesOfAsync(ActivityTraceFlags.None, 2));
    }

    [Fact]
    public async Task AnExceptionRollsBackAndLeavesNoToken()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool);
        await Assert.ThrowsAsync<FormatException>(() => run.Writes.RunAsync<int>(
            _n1,
            static async (connection, _, ct) =>
            {
                await Insert(connection, 1, ct);
                throw new FormatException();
            },
            Patience.Token()).AsTask());
        Assert.True(run.Tokens.Token.IsEmpty);
        Assert.Equal(0, await nodes.Nodes[_n1].QueryAsync<long>("SELECT count(*) FROM user_counts"));
    }

    [Theory]
    [InlineData(PostgresErrorCodes.DeadlockDetected, 1, 2)]
    [InlineData(PostgresErrorCodes.SerializationFailure, 1, 2)]
    [InlineData(PostgresErrorCodes.SerializationFailure, 2, 2)]
    [InlineData(PostgresErrorCodes.UniqueViolation, 1, 1)]
    public async Task OnlyADeadlockOrSerializationFailureIsTriedOnceMore(string sqlState, int failures, int attempts)
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool);
        var ran = 0;
        var writing = run.Writes.RunAsync(
            _n1,
            async (connection, _, ct) =>
            {
                await Insert(connection, 1, ct);
                return ++ran <= failures
                    ? await connection.ExecuteAsync($"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlState}'; END $$", ct)
                    : ran;
            },
            Patience.Token()).AsTask();
        if (failures < attempts)
        {
            Assert.Equal(attempts, await writing);
        }
        else
        {
            Assert.Equal(sqlState, (await Assert.ThrowsAsync<PostgresException>(() => writing)).SqlState);
        }

        Assert.Equal(attempts, ran);
    }

    [Fact]
    public async Task AConnectionThatIsLostWhileWritingIsUnavailable()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool);
        await Assert.ThrowsAsync<NodeUnavailableException>(() => run.Writes.RunAsync(
            _n1,
            async (connection, _, ct) =>
            {
                await nodes.Directory.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessID}, 10000)", ct);
                return await Insert(connection, 1, ct);
            },
            Patience.Token()).AsTask());
    }

    private static ValueTask<int> Insert(NpgsqlConnection connection, long id, CancellationToken ct) =>
        connection.ExecuteAsync($"INSERT INTO user_counts (user_id) VALUES ({id})", ct);
}
