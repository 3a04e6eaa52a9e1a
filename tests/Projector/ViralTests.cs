using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.Projector.Internal.Viral;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class ViralTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task APostThatManyLikeIsWrittenDownOnItsNodeAndAnotherOneIsNot()
    {
        await using var nodes = await TwoNodes.CreateAsync(fixture.Servers);
        nodes.Settings["Insta:Projector:ViralLikes"] = "30";
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        await nodes.SettleAsync();
        var (viral, other) = (TwoNodes.PostOf(nodes.Users[0], 1), TwoNodes.PostOf(nodes.Users[1], 2));
        foreach (var (post, owner, likes) in new[] { (viral, nodes.Users[0], 40), (other, nodes.Users[1], 20) })
        {
            await nodes.ExecuteAsync(owner, $"INSERT INTO media (id, owner_id) VALUES ({post}, {owner})");
            await nodes.ExecuteAsync(owner, $"INSERT INTO likes (media_id, user_id) SELECT {post}, n FROM generate_series(1, {likes}) AS n");
        }

        while ((await ViralAsync(nodes)).Count == 0)
        {
            nodes.Limit.ThrowIfCancellationRequested();
        }

        await nodes.SettleAsync();
        Assert.Equal([viral], await ViralAsync(nodes));
    }

    [Fact]
    public async Task ItIsTakenBackWhenItIsCalmAlsoByAnotherWorker()
    {
        await using var nodes = await TestNodes.CreateAsync(fixture.Servers, nodes: 1);
        var node = nodes.Pool.DataNodes.Single();
        await nodes.Nodes[node].ExecuteAsync("INSERT INTO viral_media (media_id) VALUES (5), (6)");
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new ProjectorMetrics(services.GetRequiredService<IMeterFactory>());
        var time = new StandingTime();
        var watch = new ViralWatch(node, nodes.Pool, new ProjectorOptions(), metrics, time, NullLogger.Instance);
        await watch.ResumeAsync(CancellationToken.None);
        time.Now += TimeSpan.FromMinutes(9);
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(2, await nodes.Nodes[node].QueryAsync<long>("SELECT count(*) FROM viral_media"));
        time.Now += TimeSpan.FromMinutes(1);
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(0, await nodes.Nodes[node].QueryAsync<long>("SELECT count(*) FROM viral_media"));
    }

    private static async Task<List<long>> ViralAsync(TwoNodes nodes)
    {
        List<long> all = [];
        foreach (var node in nodes.Pool.DataNodes)
        {
            all.AddRange(await nodes.QueryAsync<long[]>(node, ViralSql.Read));
        }

        return all;
    }

    private sealed class StandingTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
