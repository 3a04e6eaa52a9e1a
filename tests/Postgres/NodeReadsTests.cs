using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres.Tests;

public class NodeReadsTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly NodeName _n1 = new("n1");
    private static readonly NodeName _n2 = new("n2");

    [Fact]
    public async Task ARunHasOneSessionOnTheNodeThatWasChosenForIt()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        await using var run = new Run(nodes.Pool, _n2);
        var session = await run.Reads.OpenAsync(Patience.Token());
        Assert.Equal(nodes.Nodes[_n2].Name, session.Connection.Database);
        Assert.Equal((_n2, ReadSource.Primary), (session.Node, session.Source));
        Assert.Null(session.Transaction);
        Assert.Same(session, await run.Reads.OpenAsync(Patience.Token()));
        Assert.Null(await session.TablesReadAsync(Patience.Token()));
    }

    [Fact]
    public async Task WithoutANodeTheMessageSaysWhatToDeclare()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => run.Reads.OpenAsync(Patience.Token()).AsTask());
        Assert.Contains("shard_key", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnIdIsReadWhereItsShardIs()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        await using var run = new Run(nodes.Pool, _n1);
        foreach (var node in (NodeName[])[_n1, _n2])
        {
            var id = await nodes.IdOnAsync(node);
            Assert.Equal(
                nodes.Nodes[node].Name,
                await run.Reads.ReadAsync(id, static (connection, _) => ValueTask.FromResult(connection.Database), Patience.Token()));
        }
    }

    [Fact]
    public async Task ACachedRunCannotReadAnotherNode()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        await using var run = new Run(nodes.Pool, _n1) { Scope = { Cached = true } };
        var own = await nodes.IdOnAsync(_n1);
        Assert.Equal(1, await run.Reads.ReadAsync(own, static (_, _) => ValueTask.FromResult(1), Patience.Token()));
        var other = await nodes.IdOnAsync(_n2);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => run.Reads.ReadAsync(other, static (_, _) => ValueTask.FromResult(1), Patience.Token()).AsTask());
    }

    [Fact]
    public async Task TheAuditNamesEveryTableThatTheRunReadAndNoneOfAnEarlierOne()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await nodes.Nodes[_n1].ExecuteAsync(
            """
            CREATE TABLE parted (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
            CREATE SCHEMA other; CREATE TABLE other.things (id bigint);
            INSERT INTO users (id, name) SELECT n, 'u' || n FROM generate_series(1, 1000) n; ANALYZE users
            """);
        // One connection: the audited runs share a session, whose statistics are not reported yet.
        var options = new PostgresOptions { Directory = nodes.Options.Directory, Nodes = nodes.Options.Nodes, MaxPoolSize = 1 };
        await using var pool = new NodePool(options);

        async Task<string[]> TablesAsync(params string[] queries)
        {
            await using var run = new Run(pool, _n1) { Scope = { Audit = true } };
            var session = await run.Reads.OpenAsync(Patience.Token());
            foreach (var query in queries)
            {
                await using var command = session.Command(query);
                await command.ExecuteScalarAsync();
            }

            return [.. (await session.TablesReadAsync(Patience.Token()))!.Order()];
        }

        Assert.Equal(["media"], await TablesAsync("SELECT caption FROM media WHERE id = 1"));
        Assert.Equal(["users"], await TablesAsync("SELECT name FROM users WHERE id = 1"));
        Assert.Equal(["users"], await TablesAsync("SELECT count(*) FROM users WHERE name > 'a'"));
        Assert.Equal(["comments", "likes"], await TablesAsync("SELECT 1 FROM likes JOIN comments USING (media_id)", "SELECT 1 FROM likes"));
        Assert.Equal(["other.things", "parted"], await TablesAsync("SELECT 1 FROM parted", "SELECT 1 FROM other.things"));
        Assert.Empty(await TablesAsync("SELECT 1"));
    }

    [Fact]
    public async Task AnAuditedRunCannotWrite()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool, _n1) { Scope = { Audit = true } };
        var session = await run.Reads.OpenAsync(Patience.Token());
        await using var command = session.Command("DELETE FROM users");
        var fault = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, fault.SqlState);
    }

    [Fact]
    public async Task CancellingARunEndsItsStatementInPostgres()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var run = new Run(nodes.Pool, _n1);
        using var cancel = new CancellationTokenSource();
        var session = await run.Reads.OpenAsync(Patience.Token());
        var backend = session.Connection.ProcessID;
        await using var command = session.Command("SELECT pg_sleep(300)");
        var running = command.ExecuteNonQueryAsync(cancel.Token);
        const string state = "SELECT coalesce((SELECT state FROM pg_stat_activity WHERE pid = {0} AND query LIKE 'SELECT pg_sleep%'), 'gone')";
        await Patience.UntilAsync(
            async () => await nodes.Directory.QueryAsync<string>(string.Format(state, backend)) == "active", "the statement runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Patience.UntilAsync(
            async () => await nodes.Directory.QueryAsync<string>(string.Format(state, backend)) != "active", "the statement has ended");
    }

    [Fact]
    public async Task AServerThatIsNotThereIsUnavailableAndSoIsOneThatIsNotConfigured()
    {
        var nobody = new PostgresOptions
        {
            Directory = "postgres://u@127.0.0.1:1/d",
            Nodes = { ["n1"] = new() { Primary = "postgres://u@127.0.0.1:1/d" } },
        };
        await using var pool = new NodePool(nobody);
        await using var run = new Run(pool, _n1);
        Assert.Equal(_n1, (await Assert.ThrowsAsync<NodeUnavailableException>(() => run.Reads.OpenAsync(Patience.Token()).AsTask())).Node);
        await using var other = new Run(pool, _n2);
        var fault = await Assert.ThrowsAsync<NodeUnavailableException>(() => other.Reads.OpenAsync(Patience.Token()).AsTask());
        Assert.Contains("Insta:Postgres:Nodes:n2:Primary", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExhaustedPoolIsUnavailable()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var pool = new NodePool(new PostgresOptions
        {
            Directory = nodes.Options.Directory, Nodes = nodes.Options.Nodes, MaxPoolSize = 1, ConnectTimeout = TimeSpan.FromSeconds(1),
        });
        await using var holder = new Run(pool, _n1);
        await holder.Reads.OpenAsync(Patience.Token());
        await using var late = new Run(pool, _n1);
        await Assert.ThrowsAsync<NodeUnavailableException>(() => late.Reads.OpenAsync(Patience.Token()).AsTask());
    }
}
