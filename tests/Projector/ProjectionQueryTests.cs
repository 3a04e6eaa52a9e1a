using InstaGrpc.Services.Projector.Internal;
using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.Services.Projector.Internal.Viral;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class ProjectionQueryTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    private static readonly HashSet<string> _ofDirectory = [nameof(FeedProjectionSql.ResolveNames), nameof(FanoutSql.RingVersion)];

    // What the plan reads in order may be what the statement itself has made.
    private static readonly string[] _growing =
    [
        "users", "media", "likes", "comments", "media_counts", "user_counts", "follows", "followers", "blocks", "blocked_by", "fanout_jobs",
        "notifications", "notification_heads", "search_terms", "active_users", "names", "viral_media",
    ];

    [Fact]
    public async Task NoQueryScansATableThatGrows()
    {
        await using var nodes = await TestNodes.CreateAsync(fixture.Servers, nodes: 1);
        foreach (var (name, sql) in QueryPlans.Of(typeof(FeedProjectionSql)).Concat(QueryPlans.Of(typeof(FanoutSql))).Concat(QueryPlans.Of(typeof(ViralSql))))
        {
            var plan = await QueryPlans.ExplainAsync(_ofDirectory.Contains(name) ? nodes.Directory : nodes.Nodes.Values.Single(), sql);
            Assert.False(_growing.Any(table => Scans(plan, table)), $"{name}:\n{plan}");
        }

        // The check can fail: a query that no index serves.
        Assert.True(Scans(await QueryPlans.ExplainAsync(nodes.Nodes.Values.Single(), "SELECT id FROM media WHERE caption = $1"), "media"));
    }

    private static bool Scans(string plan, string table) =>
        plan.Split('\n').Any(line => line.Contains($"Seq Scan on {table} ", StringComparison.Ordinal));
}
