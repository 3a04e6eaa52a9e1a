using InstaGrpc.Photos;
using InstaGrpc.Services.Media;

namespace InstaGrpc.Media.Tests;

public class MediaQueryTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task EveryQueryIsServedByAnIndexAndNoListIsSorted()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        var database = nodes.Nodes.Values.Single();
        foreach (var (name, sql) in QueryPlans.Of(typeof(MediaSql)).Concat(QueryPlans.Of(typeof(BlobSql))))
        {
            var plan = await QueryPlans.ExplainAsync(database, sql);
            Assert.False(plan.Contains("Seq Scan", StringComparison.Ordinal) || plan.Contains("Sort", StringComparison.Ordinal), $"{name}:\n{plan}");
        }

        // The check can fail: a query that no index serves.
        Assert.Contains("Seq Scan", await QueryPlans.ExplainAsync(database, "SELECT id FROM media WHERE caption = $1"), StringComparison.Ordinal);
        Assert.Contains("Sort", await QueryPlans.ExplainAsync(database, "SELECT id FROM media WHERE owner_id = $1 ORDER BY caption"), StringComparison.Ordinal);
    }
}
