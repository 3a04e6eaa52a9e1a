using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Postgres.Tests;

public class MigratorTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static Migrator Migrator => new(NullLogger<Migrator>.Instance);

    [Fact]
    public async Task ASecondMigrationFindsNothingLeftToDo()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, migrate: false);
        Assert.Equal(
            [
                "directory: directory/0001_directory.sql", "directory: directory/0002_gateway_keys.sql",
                "n1: node/0001_node.sql", "n1: node/0002_sweeps.sql", "n1: node/0003_fanout.sql",
                "n1: node/0004_home_feeds.sql", "n1: node/0005_departed_actors_and_viral_posts.sql",
                "n1: node/0006_photos.sql", "n1: node/0007_credentials.sql", "n1: node/0008_traced_jobs.sql",
                "n2: node/0001_node.sql", "n2: node/0002_sweeps.sql", "n2: node/0003_fanout.sql", "n2: node/0004_home_feeds.sql",
                "n2: node/0005_departed_actors_and_viral_posts.sql", "n2: node/0006_photos.sql", "n2: node/0007_credentials.sql",
                "n2: node/0008_traced_jobs.sql",
            ],
            await Migrator.MigrateAsync(nodes.Pool, Patience.Token()));
        Assert.Empty(await Migrator.MigrateAsync(nodes.Pool, Patience.Token()));
    }

    [Fact]
    public async Task ProcessesThatStartAtOnceMigrateOnce()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, migrate: false);
        var pools = Enumerable.Range(0, 6).Select(_ => new NodePool(nodes.Options)).ToArray();
        var ran = await Task.WhenAll(pools.Select(pool => Migrator.MigrateAsync(pool, Patience.Token()).AsTask()));
        Assert.Equal(18, ran.Sum(static files => files.Count));
        Assert.Equal(8192, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM shards"));
        Assert.Equal(1, await nodes.Directory.QueryAsync<long>("SELECT count(*) FROM directory_identity"));
        foreach (var pool in pools)
        {
            await pool.DisposeAsync();
        }
    }

    [Fact]
    public async Task AFileThatWasChangedAfterItRanIsRefused()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await nodes.Directory.ExecuteAsync("UPDATE insta_migrations SET hash = 'x'");
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.MigrateAsync(nodes.Pool, Patience.Token()).AsTask());
        Assert.Contains("directory/0001_directory.sql", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheFirstNodesShareTheShardsAndALaterNodeGetsNone()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 3);
        var rows = await nodes.Directory.LinesAsync(
            "SELECT node || ' ' || min(shard) || ' ' || max(shard) || ' ' || count(*) FROM shards GROUP BY node ORDER BY min(shard)");
        Assert.Equal(["n1 0 2730 2731", "n2 2731 5461 2731", "n3 5462 8191 2730"], rows);

        nodes.Options.Nodes["later"] = nodes.Options.Nodes["n1"];
        await using var grown = new NodePool(nodes.Options);
        await Migrator.MigrateAsync(grown, Patience.Token());
        using var router = new ShardRouter(grown);
        var map = await router.GetAsync(Patience.Token());
        Assert.Contains(new NodeName("later"), map.Regions.Keys);
        Assert.Equal(3, map.Ranges().Count());
        Assert.Equal(1, map.Epoch);
    }

    [Fact]
    public async Task TheEpochIsMadeAnewWhenTheDataStandOnAnotherServer()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await using var connection = await nodes.Directory.OpenAsync();
        var first = await DirectoryIdentity.EnsureAsync(connection, Patience.Token());
        Assert.Equal(first, await DirectoryIdentity.EnsureAsync(connection, Patience.Token()));

        foreach (var former in (string[])["system_identifier = 7", "timeline = 99", "database = 1"])
        {
            await connection.ExecuteAsync($"UPDATE directory_identity SET {former}");
            // Several processes find it at once, and agree.
            var renewed = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                await using var own = await nodes.Directory.OpenAsync();
                return await DirectoryIdentity.EnsureAsync(own, Patience.Token());
            }));
            Assert.Single(renewed.Distinct());
            Assert.NotEqual(first.Epoch, renewed[0].Epoch);
            Assert.Equal(first.SystemIdentifier, renewed[0].SystemIdentifier);
            Assert.Equal(0, await connection.ScalarAsync<long>($"SELECT last_number FROM contract_counter WHERE epoch = {renewed[0].Epoch}"));
        }
    }

    [Fact]
    public async Task EveryPrimaryKeyHoldsTheRoutingIdAndEveryCopiedTableAnIndexOnItsShard()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var database = nodes.Nodes.Values.Single();
        var without = await database.LinesAsync(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT IN ('insta_migrations', 'stream_positions', 'derived_snapshots')
              AND NOT EXISTS (
                SELECT FROM pg_index shard, pg_index pk, pg_attribute first
                WHERE shard.indrelid = c.oid AND pk.indrelid = c.oid AND pk.indisprimary
                  AND first.attrelid = c.oid AND first.attnum = pk.indkey[0]
                  AND pg_get_expr(shard.indexprs, c.oid) = '((' || first.attname || ' >> 10) & (8191)::bigint)')
            """);
        Assert.Empty(without);
    }

    [Fact]
    public async Task TheStreamOfMediaSaysOwnerAndIdAtDeleteAndTellsATombstoneFromAnEdit()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var database = nodes.Nodes.Values.Single();
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{database.Name}', 'test_decoding')");
        await database.ExecuteAsync("INSERT INTO media (id, owner_id) VALUES (7, 3)");
        await database.ExecuteAsync("UPDATE media SET caption = 'edited' WHERE id = 7");
        await database.ExecuteAsync("UPDATE media SET deleted = true, deleted_at = now() WHERE id = 7");
        await database.ExecuteAsync("DELETE FROM media WHERE id = 7");
        var changes = (await database.LinesAsync($"SELECT data FROM pg_logical_slot_get_changes('{database.Name}', NULL, NULL)"))
            .Where(static line => line.StartsWith("table", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, changes.Count);
        Assert.DoesNotContain("old-key", changes[1], StringComparison.Ordinal);
        Assert.Contains("old-key: id[bigint]:7 owner_id[bigint]:3 deleted[boolean]:false", changes[2], StringComparison.Ordinal);
        Assert.Contains("DELETE: id[bigint]:7 owner_id[bigint]:3 deleted[boolean]:true", changes[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task DdlOnATableLeavesAMessageInTheStream()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var database = nodes.Nodes.Values.Single();
        await database.ExecuteAsync("CREATE TABLE parted (id bigint, PRIMARY KEY (id)) PARTITION BY RANGE (id)");
        await database.ExecuteAsync("CREATE TABLE part (id bigint PRIMARY KEY)");
        await database.ExecuteAsync("CREATE TABLE aside (id bigint PRIMARY KEY, n int)");
        await database.ExecuteAsync("CREATE PUBLICATION insta_test FOR TABLE likes, parted WITH (publish_via_partition_root)");
        await database.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{database.Name}', 'test_decoding')");

        async Task<List<string>> SaidAfterAsync(string ddl)
        {
            await database.ExecuteAsync(ddl);
            return [.. (await database.LinesAsync($"SELECT data FROM pg_logical_slot_get_changes('{database.Name}', NULL, NULL)"))
                .Where(static line => line.Contains("insta.ddl", StringComparison.Ordinal)).Select(static line => Said(line[line.IndexOf('{')..]))];
        }

        static string Said(string content)
        {
            using var json = System.Text.Json.JsonDocument.Parse(content);
            var tables = json.RootElement.GetProperty("tables").EnumerateArray().Select(static table => table.GetString());
            var oids = json.RootElement.TryGetProperty("oids", out var known) ? $", {known.GetArrayLength()} known" : "";
            return $"{json.RootElement.GetProperty("command").GetString()} {string.Join(' ', tables)}{oids}";
        }

        string[] altered = ["ALTER TABLE likes, 1 known"];
        Assert.Equal(altered, await SaidAfterAsync("ALTER TABLE likes ADD COLUMN extra int DEFAULT 1"));
        Assert.Equal(altered, await SaidAfterAsync("ALTER TABLE likes ALTER COLUMN extra TYPE bigint"));
        Assert.Equal(altered, await SaidAfterAsync("ALTER TABLE likes RENAME COLUMN extra TO other"));
        Assert.Contains(altered[0], await SaidAfterAsync("ALTER TABLE likes DROP COLUMN other"));
        Assert.Equal(
            ["ALTER TABLE parted, 1 known"],
            await SaidAfterAsync("ALTER TABLE parted ATTACH PARTITION part FOR VALUES FROM (0) TO (10)"));
        Assert.Equal(
            ["ALTER TABLE part, 1 known"], await SaidAfterAsync("ALTER TABLE part ADD CHECK (id < 9)"));
        Assert.Equal(["ALTER TABLE liked, 1 known"], await SaidAfterAsync("ALTER TABLE likes RENAME TO liked"));
        Assert.Equal(altered, await SaidAfterAsync("ALTER TABLE liked RENAME TO likes"));
        // In no publication: it may be on its way into the place of one that is.
        Assert.Equal(["ALTER TABLE aside, 1 known"], await SaidAfterAsync("ALTER TABLE aside ADD COLUMN m int"));
        Assert.Equal(["CREATE TABLE another, 1 known"], await SaidAfterAsync("CREATE TABLE another (LIKE likes INCLUDING ALL)"));
        Assert.Empty(await SaidAfterAsync("CREATE TEMPORARY TABLE passing AS SELECT 1"));
        Assert.Empty(await SaidAfterAsync("CREATE INDEX ON likes (created_at)"));
        Assert.Equal(["DROP TABLE likes"], await SaidAfterAsync("DROP TABLE likes"));
    }

    [Fact]
    public async Task ARoleThatIsNoSuperuserMigratesWithoutEventTriggersAndASuperuserMakesUpForIt()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1, migrate: false);
        var role = "plain_" + nodes.Directory.Name;
        await nodes.Directory.ExecuteAsync($"CREATE ROLE {role} LOGIN REPLICATION");
        foreach (var database in nodes.Nodes.Values.Append(nodes.Directory))
        {
            await database.ExecuteAsync($"ALTER DATABASE {database.Name} OWNER TO {role}; ALTER SCHEMA public OWNER TO {role}");
        }

        string As(string address) => new Npgsql.NpgsqlConnectionStringBuilder(address) { Username = role }.ConnectionString;
        await using var plain = new NodePool(new PostgresOptions
        {
            Directory = As(nodes.Options.Directory),
            Nodes = { ["n1"] = new() { Primary = As(nodes.Options.Nodes["n1"].Primary) } },
        });
        await Migrator.MigrateAsync(plain, Patience.Token());
        const string triggers = "SELECT count(*) FROM pg_event_trigger";
        Assert.Equal(0, await nodes.Directory.QueryAsync<long>(triggers));
        Assert.Contains(
            await new PostgresDoctor(plain, TimeProvider.System).ExamineAsync(Patience.Token()), static finding => finding.Check == "event triggers");

        await Migrator.MigrateAsync(nodes.Pool, Patience.Token());
        Assert.Equal(2, await nodes.Directory.QueryAsync<long>(triggers));
        await plain.DisposeAsync();
        foreach (var database in nodes.Nodes.Values.Append(nodes.Directory))
        {
            await database.ExecuteAsync($"REASSIGN OWNED BY {role} TO postgres; ALTER DATABASE {database.Name} OWNER TO postgres; DROP OWNED BY {role}");
        }

        await nodes.Directory.ExecuteAsync($"DROP ROLE {role}");
    }
}
