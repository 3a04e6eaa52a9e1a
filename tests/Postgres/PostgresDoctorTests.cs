using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres.Tests;

public class PostgresDoctorTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AMigratedServerHasNoErrors()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers);
        var findings = await ExamineAsync(nodes);
        Assert.DoesNotContain(findings, static finding => finding.Severity == FindingSeverity.Error);
        // The test cluster runs without fsync, and says so: the doctor really looked.
        Assert.Contains(findings, static finding => finding.Check == "fsync");
    }

    [Theory]
    [InlineData("ALTER DATABASE {0} SET synchronous_commit = off", "synchronous_commit", "ALTER SYSTEM SET synchronous_commit")]
    [InlineData("ALTER TABLE media REPLICA IDENTITY DEFAULT", "replica identity", "media_by_owner")]
    [InlineData("ALTER TABLE likes REPLICA IDENTITY NOTHING", "replica identity", "ALTER TABLE likes REPLICA IDENTITY DEFAULT;")]
    [InlineData("ALTER TABLE likes DROP CONSTRAINT likes_pkey", "replica identity", "give it a primary key")]
    [InlineData("ALTER TABLE likes SET UNLOGGED", "unlogged", "SET LOGGED")]
    [InlineData("DELETE FROM insta_migrations", "migrations", "insta migrate")]
    public async Task WhatIsBrokenIsFoundWithItsFix(string fault, string check, string fix)
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var (node, database) = nodes.Nodes.Single();
        await database.ExecuteAsync(string.Format(fault, database.Name));
        await using var fresh = new NodePool(nodes.Options);
        var finding = Assert.Single(await ExamineAsync(nodes, fresh), finding => finding.Severity == FindingSeverity.Error);
        Assert.Equal((node, check), (finding.Node, finding.Check));
        Assert.Contains(fix, finding.Problem + finding.Fix, StringComparison.Ordinal);
    }

    // What a server can't be brought to say here stands before its own answer, which every look-up by a plain name then finds first.
    [Theory]
    [InlineData("wal_level", "replica", "wal_level", FindingSeverity.Error, "ALTER SYSTEM SET wal_level = 'logical'")]
    [InlineData("max_replication_slots", "1", "max_replication_slots", FindingSeverity.Error, "ALTER SYSTEM SET max_replication_slots = ")]
    [InlineData("max_wal_senders", "1", "max_wal_senders", FindingSeverity.Error, "ALTER SYSTEM SET max_wal_senders = ")]
    [InlineData("max_slot_wal_keep_size", "-1", "max_slot_wal_keep_size", FindingSeverity.Warning, "ALTER SYSTEM SET max_slot_wal_keep_size")]
    [InlineData("max_connections", "20", "max_connections", FindingSeverity.Warning, "Insta:Postgres:MaxPoolSize")]
    [InlineData("server_version_num", "140020", "version", FindingSeverity.Error, "15.13")]
    [InlineData("server_version_num", "150012", "version", FindingSeverity.Error, "15.13")]
    [InlineData("server_version_num", "160008", "version", FindingSeverity.Error, "16.9")]
    public async Task ASettingThatIsWrongIsFoundWithItsFix(string setting, string value, string check, FindingSeverity severity, string fix) =>
        await AssertFoundAsync(
            $"""
            CREATE VIEW told.pg_settings AS
            SELECT name, CASE name WHEN '{setting}' THEN '{value}' ELSE setting END AS setting FROM pg_catalog.pg_settings
            """, severity, check, fix);

    [Theory]
    [InlineData("CREATE FUNCTION told.pg_is_in_recovery() RETURNS bool LANGUAGE sql AS 'SELECT true'", "primary", "Insta:Postgres:Nodes:n1:Primary")]
    [InlineData("CREATE FUNCTION told.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 1'", "pooler", "name the server itself")]
    [InlineData(
        "CREATE VIEW told.pg_replication_slots AS SELECT 'insta_n1'::text AS slot_name, 'lost'::text AS wal_status, current_database() AS database",
        "slot", "pg_drop_replication_slot", FindingSeverity.Warning)]
    public async Task AServerThatIsNotWhatItShouldBeIsFoundWithItsFix(
        string told, string check, string fix, FindingSeverity severity = FindingSeverity.Error) => await AssertFoundAsync(told, severity, check, fix);

    [Fact]
    public async Task AClockThatIsNotTheServersIsAWarning()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var findings = await new PostgresDoctor(nodes.Pool, new AheadTime(TimeSpan.FromSeconds(90))).ExamineAsync(Patience.Token());
        Assert.All(
            nodes.Pool.AllNodes,
            node => Assert.Matches("^its clock and this machine's are (89|9[0-9])\\.. s apart.$",
                Assert.Single(findings, finding => finding.Check == "clock" && finding.Node == node).Problem));
    }

    [Fact]
    public async Task AContractThatANodeRefusedIsAnErrorUntilItIsEnded()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        await nodes.Directory.ExecuteAsync(
            """
            INSERT INTO contracts (epoch, number, identity, method, body) SELECT epoch, 7, 'i', 'shop.Orders/GetOrder', 'b' FROM directory_identity;
            INSERT INTO contract_nodes (epoch, number, node, state, reason)
            SELECT epoch, 7, 'n1', 'refused', 'column buyer is not in the replica identity of orders' FROM directory_identity
            """);
        var finding = Assert.Single(await ExamineAsync(nodes), static finding => finding.Severity == FindingSeverity.Error);
        Assert.Equal("contract", finding.Check);
        Assert.Contains("shop.Orders/GetOrder is read uncached on node n1", finding.Problem, StringComparison.Ordinal);
        Assert.Contains("column buyer is not in the replica identity of orders", finding.Problem, StringComparison.Ordinal);
        Assert.Contains("insta contracts retire shop.Orders/GetOrder", finding.Fix, StringComparison.Ordinal);

        await nodes.Directory.ExecuteAsync("UPDATE contracts SET ended_at = now()");
        Assert.DoesNotContain(await ExamineAsync(nodes), static finding => finding.Check == "contract");
    }

    [Fact]
    public async Task ARoleWithoutRightsIsToldWhichItNeeds()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var (node, database) = nodes.Nodes.Single();
        var role = "weak_" + database.Name;
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}");
        var asRole = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role }.ConnectionString;
        var options = new PostgresOptions
        {
            Directory = nodes.Options.Directory,
            Nodes = { [node.Value] = new() { Primary = asRole } },
        };
        await using (var pool = new NodePool(options))
        {
            var findings = await ExamineAsync(nodes, pool);
            Assert.Contains(findings, finding => finding.Check == "replication" && finding.Fix == $"ALTER ROLE {role} REPLICATION;");
            Assert.Contains(findings, static finding => finding.Check == "create");
            Assert.Contains(findings, static finding => finding is { Check: "owner" } && finding.Problem.Contains("media", StringComparison.Ordinal));
        }

        await database.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Fact]
    public async Task AServerThatIsNotThereIsAFinding()
    {
        await using var pool = new NodePool(new PostgresOptions
        {
            Directory = "postgres://u@127.0.0.1:1/d",
            Nodes = { ["n1"] = new() { Primary = "postgres://u@127.0.0.1:1/d" } },
        });
        var findings = await new PostgresDoctor(pool, TimeProvider.System).ExamineAsync(Patience.Token());
        Assert.Equal(["directory", "n1"], findings.Where(static finding => finding.Check == "connect").Select(static finding => finding.Node.Value));
    }

    private async Task AssertFoundAsync(string told, FindingSeverity severity, string check, string fix)
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var (node, database) = nodes.Nodes.Single();
        await database.ExecuteAsync($"CREATE SCHEMA told; {told}; ALTER DATABASE {database.Name} SET search_path = told, pg_catalog, public");
        await using var fresh = new NodePool(nodes.Options);
        var finding = Assert.Single(await ExamineAsync(nodes, fresh), finding => finding.Node == node && finding.Check == check);
        Assert.Equal(severity, finding.Severity);
        Assert.Contains(fix, finding.Fix, StringComparison.Ordinal);
    }

    private sealed class AheadTime(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + ahead;
    }

    private static async Task<IReadOnlyList<PostgresFinding>> ExamineAsync(TestNodes nodes, NodePool? pool = null) =>
        await new PostgresDoctor(pool ?? nodes.Pool, TimeProvider.System).ExamineAsync(Patience.Token());
}
