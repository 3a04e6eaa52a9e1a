using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstaGrpc.Postgres.Tests;

public class FollowerTests
{
    private static readonly NodeName _n1 = new("n1");

    [Fact]
    public async Task AFollowerIsReadOnlyWhenItHasReplayedTheFenceAndFollowsStill()
    {
        await using var servers = await TestFollower.StartAsync(Patience.Token());
        var primary = await servers.Primary.CreateDatabaseAsync("n1");
        await using var pool = new NodePool(new PostgresOptions
        {
            Directory = await servers.Primary.CreateDatabaseAsync("directory"),
            Nodes = { ["n1"] = new() { Primary = primary, Followers = [servers.Server.ConnectionString("n1")] } },
        });
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(pool, Patience.Token());

        var before = await WriteAsync(pool, 1);
        await Patience.UntilAsync(async () => (await ReadAsync(pool, before)).Source == ReadSource.Follower, "the follower has the first write");
        Assert.Equal((ReadSource.Follower, 1), await ReadAsync(pool, before));

        // It lags: the fence keeps it from answering with the old rows.
        await servers.PauseAsync();
        var after = await WriteAsync(pool, 2);
        Assert.Equal((ReadSource.Primary, 2), await ReadAsync(pool, after));
        Assert.Equal((ReadSource.Follower, 1), await ReadAsync(pool, before));
        Assert.Equal((ReadSource.Primary, 2), await ReadAsync(pool, null));
        await servers.ResumeAsync();
        await Patience.UntilAsync(async () => (await ReadAsync(pool, after)).Source == ReadSource.Follower, "the follower has the second write");
        Assert.Equal((ReadSource.Follower, 2), await ReadAsync(pool, after));

        // On its own timeline it follows nobody: an equal LSN means something else there.
        await servers.PromoteAsync();
        await Patience.UntilAsync(async () => (await ReadAsync(pool, before)).Source == ReadSource.Primary, "the promoted follower is not read");
    }

    [Fact]
    public async Task AFollowerThatIsAwayCostsNothingButThePrimarysTime()
    {
        await using var servers = await TestFollower.StartAsync(Patience.Token());
        var primary = await servers.Primary.CreateDatabaseAsync("n1");
        await using var pool = new NodePool(new PostgresOptions
        {
            Directory = primary,
            Nodes = { ["n1"] = new() { Primary = primary, Followers = [servers.Server.ConnectionString("n1")] } },
        });
        await using (var connection = await pool.OpenAsync(_n1, Patience.Token()))
        {
            await connection.ExecuteAsync("CREATE TABLE user_counts (user_id bigint)");
        }

        await servers.Server.CrashAsync();
        Assert.Equal((ReadSource.Primary, 0), await ReadAsync(pool, new TokenPosition(new Timeline(1), new Lsn(1))));
    }

    private static async Task<TokenPosition> WriteAsync(NodePool pool, long user)
    {
        await using var run = new Run(pool);
        await run.Writes.RunAsync(_n1, (connection, _, ct) => connection.ExecuteAsync($"INSERT INTO user_counts VALUES ({user})", ct), Patience.Token());
        return run.Tokens.Token.TryGet(_n1, out var token) ? token : throw new InvalidOperationException("no token");
    }

    private static async Task<(ReadSource Source, long Rows)> ReadAsync(NodePool pool, TokenPosition? fence)
    {
        await using var run = new Run(pool, _n1) { Scope = { Source = ReadSource.Follower, Fence = fence } };
        var session = await run.Reads.OpenAsync(Patience.Token());
        await using NpgsqlCommand command = session.Command("SELECT count(*) FROM user_counts");
        return (session.Source, (long)(await command.ExecuteScalarAsync())!);
    }
}
