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
    [InlineData("ALTER TABLE likes REPLICA IDENTITY NOTHING", "replica identity", "likes")]
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

    private static async Task<IReadOnlyList<PostgresFinding>> ExamineAsync(TestNodes nodes, NodePool? pool = null) =>
        await new PostgresDoctor(pool ?? nodes.Pool, TimeProvider.System).ExamineAsync(Patience.Token());
}
