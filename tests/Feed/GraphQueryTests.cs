using InstaGrpc.Services.Feed;

namespace InstaGrpc.Feed.Tests;

public class GraphQueryTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly HashSet<string> _ofDirectory =
        [nameof(GraphSql.Claim), nameof(GraphSql.ClaimOf), nameof(GraphSql.TakeClaim), nameof(GraphSql.Confirm), nameof(GraphSql.Resolve)];

    [Fact]
    public async Task EveryQueryIsServedByAnIndexAndNoListIsSorted()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        foreach (var (name, sql) in QueryPlans.Of(typeof(GraphSql)).Concat(QueryPlans.Of(typeof(NotificationSql))))
        {
            var plan = await QueryPlans.ExplainAsync(_ofDirectory.Contains(name) ? nodes.Directory : nodes.Nodes.Values.Single(), sql);
            Assert.False(plan.Contains("Seq Scan", StringComparison.Ordinal) || plan.Contains("Sort", StringComparison.Ordinal), $"{name}:\n{plan}");
        }
    }

    [Fact]
    public async Task EveryQueryOfFeedsAndDeparturesIsServedByAnIndex()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        foreach (var (name, sql) in QueryPlans.Of(typeof(FeedSql)).Concat(QueryPlans.Of(typeof(DepartureSql))))
        {
            var plan = await QueryPlans.ExplainAsync(name == nameof(DepartureSql.ReleaseName) ? nodes.Directory : nodes.Nodes.Values.Single(), sql);
            Assert.False(plan.Contains("Seq Scan", StringComparison.Ordinal), $"{name}:\n{plan}");
        }
    }
}
