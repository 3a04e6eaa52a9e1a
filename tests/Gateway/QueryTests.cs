using InstaGrpc.Services.Gateway.Sessions;

namespace InstaGrpc.Gateway.Tests;

public sealed class QueryTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task EveryQueryOfSignInIsServedByAnIndex()
    {
        await using var nodes = await TestNodes.CreateAsync(servers.Servers, nodes: 1);
        foreach (var (name, sql) in QueryPlans.Of(typeof(CredentialSql)))
        {
            var plan = await QueryPlans.ExplainAsync(nodes.Nodes.Values.Single(), sql);
            Assert.False(plan.Contains("Seq Scan", StringComparison.Ordinal), $"{name}:\n{plan}");
        }
    }
}
