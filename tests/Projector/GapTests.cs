using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

/// <summary>Records that say that rows changed without saying which, and deaths in the middle of making good for them.</summary>
public sealed class GapTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private const string _busy = "application_name <> 'holds' AND wait_event_type = 'Lock' AND datname = current_database()";
    private readonly SharedServers _servers = fixture.Servers;

    [Fact]
    public async Task ATruncateBetweenWritesLeavesCountsAndEdgesExact()
    {
        var (started, traffic) = await StartAsync(seed: 11);
        await using var nodes = started;
        foreach (var table in new[] { "likes", "follows", "comments" })
        {
            await nodes.ExecuteAsync(TwoNodes.One, $"TRUNCATE {table}");
            await traffic.RunAsync(30);
        }

        await nodes.SettleAsync();
        await nodes.VerifyAsync();
    }

    /// <summary>Each statement may have changed rows without a trace in the stream; what is wrong before it is right after it.</summary>
    [Fact]
    public async Task SchemaChangesBetweenWritesLeaveCountsAndEdgesExact()
    {
        var (started, traffic) = await StartAsync(seed: 13);
        await using var nodes = started;
        foreach (var statement in new[]
        {
            "ALTER TABLE likes ADD COLUMN place text DEFAULT 'here'",
            "ALTER TABLE likes DROP COLUMN place",
            "ALTER TABLE follows ADD COLUMN place bigint; UPDATE follows SET place = follower_id; ALTER TABLE follows DROP COLUMN place",
            "ALTER TABLE media RENAME COLUMN caption TO title; ALTER TABLE media RENAME COLUMN title TO caption",
        })
        {
            foreach (var node in nodes.Pool.DataNodes)
            {
                await nodes.ExecuteAsync(node, "UPDATE media_counts SET likes = likes + 100; UPDATE user_counts SET following = 77");
                await nodes.ExecuteAsync(node, statement);
            }

            await traffic.RunAsync(20);
            await nodes.SettleAsync();
            await nodes.VerifyAsync();
        }
    }

    [Fact]
    public async Task ATableThatIsMadeAnewIsCountedFromTheRowsThatItHas()
    {
        var (started, traffic) = await StartAsync(seed: 14, ("Insta:Changes:PublicationInterval", "00:00:00.1"));
        await using var nodes = started;
        foreach (var node in nodes.Pool.DataNodes)
        {
            // Nothing of this is in the stream, and neither is what is written until the new table is published.
            await nodes.ExecuteAsync(node, """
                BEGIN;
                ALTER TABLE likes RENAME TO likes_before;
                CREATE TABLE likes (LIKE likes_before INCLUDING ALL);
                INSERT INTO likes SELECT * FROM likes_before WHERE user_id % 2 = 0;
                COMMIT
                """);
        }

        await traffic.RunAsync(30);
        foreach (var node in nodes.Pool.DataNodes)
        {
            await UntilAsync(nodes, node, "SELECT EXISTS (SELECT FROM pg_publication_rel WHERE prrelid = 'likes'::regclass)");
        }

        await nodes.SettleAsync();
        await nodes.VerifyAsync();
    }

    [Fact]
    public async Task ATransactionTooLargeToBeToldIsDerivedFromItsRows()
    {
        // A few hundred rows are more than this.
        var (started, traffic) = await StartAsync(seed: 12, ("Insta:Changes:BulkBytes", "20000"));
        await using var nodes = started;
        var owner = nodes.Users[0];
        var post = TwoNodes.PostOf(owner, 900);
        await nodes.ExecuteAsync(owner, $"INSERT INTO media (id, owner_id) VALUES ({post}, {owner})");
        await nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) SELECT {post}, n FROM generate_series(1, 2000) n");
        await traffic.RunAsync(30);
        await nodes.ExecuteAsync(owner, $"DELETE FROM likes WHERE media_id = {post} AND user_id > 5");
        // Edges to both nodes, and all of one's own.
        await nodes.ExecuteAsync(owner, $"""
            INSERT INTO follows (follower_id, followee_id)
            SELECT {owner}, u FROM unnest(ARRAY[{string.Join(',', nodes.Users)}]::bigint[]) u ON CONFLICT DO NOTHING;
            INSERT INTO likes (media_id, user_id) SELECT {post}, n FROM generate_series(10000, 12000) n
            """);
        await traffic.RunAsync(30);

        await nodes.SettleAsync();
        await nodes.VerifyAsync();
        Assert.Equal(2006L, await nodes.QueryAsync<long>(TwoNodes.One, $"SELECT likes FROM media_counts WHERE media_id = {post}"));
    }

    /// <summary>
    /// Each line: what holds the projector up at which place; there it is killed, and what it had asked for happens afterwards. The short tier
    /// has the first two: one of a rebuild, one of a fold.
    /// </summary>
    public static TheoryData<string, string, string, bool> Steps
    {
        get
        {
            (string Where, string Node, string Hold, bool Rebuilding)[] all =
            [
                ("in the edges of the second target", "n2", "LOCK TABLE followers IN ACCESS EXCLUSIVE MODE", true),
                ("between the targets of a fold", "n2", "SELECT FROM stream_positions WHERE source_node = 'n1' FOR UPDATE", false),
                ("before it forgets the second target", "n2", "SELECT FROM stream_positions WHERE source_node = 'n1' FOR UPDATE", true),
                ("in the first count", "n1", "SELECT pg_advisory_xact_lock(1886547818)", true),
                ("in the counts of followers", "n2", "LOCK TABLE user_counts IN EXCLUSIVE MODE", true),
                ("between a fold's position and its counts", "n1", "LOCK TABLE media_counts IN EXCLUSIVE MODE", false),
                ("between a fold's counts and its edges", "n2", "LOCK TABLE followers IN EXCLUSIVE MODE", false),
            ];
            var steps = new TheoryData<string, string, string, bool>();
            foreach (var (where, node, hold, rebuilding) in all.Take(TestTier.Count(2, all.Length)))
            {
                steps.Add(where, node, hold, rebuilding);
            }

            return steps;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task AProjectorThatIsKilledAtAnyStepLosesAndDoublesNothing(string where, string node, string hold, bool rebuilding)
    {
        await using var nodes = await TwoNodes.CreateAsync(_servers);
        await nodes.StartChangesAsync();
        var process = nodes.StartProjectorProcess();
        var traffic = new Traffic(nodes, where.Length);
        await traffic.RunAsync(60);
        await nodes.SettleAsync();
        var held = new NodeName(node);

        await using (var holder = await nodes.OpenAsync(held))
        {
            await RunAsync(holder, "SET application_name = 'holds'; BEGIN");
            await RunAsync(holder, hold);
            await nodes.ExecuteAsync(TwoNodes.One, rebuilding ? "TRUNCATE likes" : $"""
                INSERT INTO media (id, owner_id) VALUES ({TwoNodes.PostOf(nodes.Users[0], 950)}, {nodes.Users[0]});
                INSERT INTO follows (follower_id, followee_id)
                SELECT {nodes.Users[0]}, u FROM unnest(ARRAY[{string.Join(',', nodes.Users)}]::bigint[]) u ON CONFLICT DO NOTHING
                """);
            await UntilAsync(nodes, held, $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE {_busy})");
            await process.DisposeAsync();
            await RunAsync(holder, "COMMIT");
        }

        await nodes.StartProjectorAsync();
        await traffic.RunAsync(30);
        await nodes.SettleAsync();
        await nodes.VerifyAsync();

        async Task RunAsync(Npgsql.NpgsqlConnection connection, string sql)
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(nodes.Limit);
        }
    }

    private static async Task UntilAsync(TwoNodes nodes, NodeName node, string sql)
    {
        while (!await nodes.QueryAsync<bool>(node, sql))
        {
            await Task.Delay(5, nodes.Limit);
        }
    }

    private async Task<(TwoNodes Nodes, Traffic Traffic)> StartAsync(int seed, params (string Key, string Value)[] settings)
    {
        var nodes = await TwoNodes.CreateAsync(_servers);
        foreach (var (key, value) in settings)
        {
            nodes.Settings[key] = value;
        }

        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        var traffic = new Traffic(nodes, seed);
        await traffic.RunAsync(60);
        await nodes.SettleAsync();
        return (nodes, traffic);
    }
}
