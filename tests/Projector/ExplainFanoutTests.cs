using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Services.Feed;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Services.Projector.Tests;

public sealed class ExplainFanoutTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task WhatIsExplainedIsWhatAPostThenDoesInEachTierAndExplainingDoesNothing()
    {
        await using var fanout = await FanoutNodes.CreateAsync(fixture.Servers);
        var nodes = fanout.Nodes;
        await nodes.StartChangesAsync();
        await nodes.StartProjectorAsync();
        await using var mesh = await MeshProcess.StartAsync(
            [.. nodes.Settings, new("Insta:Services:id", "http://127.0.0.1:1"), new("Insta:Services:media", "http://127.0.0.1:1")],
            (services, configuration) => services.AddFeed(configuration));
        var feed = new FeedService.FeedServiceClient(mesh.As("service:test"));
        var readers = FanoutNodes.Readers(110);
        (FanoutTier Tier, int Followers)[] tiers = [(FanoutTier.Push, 30), (FanoutTier.ActiveFirst, 55), (FanoutTier.Pull, 110)];
        foreach (var ((_, followers), author) in tiers.Zip(nodes.Users))
        {
            await fanout.FollowAsync(author, readers[..followers]);
        }

        await fanout.SettleAsync();
        await fanout.OpenTimelinesAsync(readers);
        foreach (var ((tier, followers), author) in tiers.Zip(nodes.Users))
        {
            var before = await JobsAsync(fanout, author);
            var plan = await feed.ExplainFanoutAsync(new ExplainFanoutRequest { UserId = author });
            Assert.Equal(before, await JobsAsync(fanout, author));
            foreach (var reader in readers)
            {
                Assert.Empty(await fanout.EntriesAsync(reader));
            }

            Assert.Equal((tier, (long)followers), (plan.Tier, plan.Followers));

            var post = TwoNodes.PostOf(author, 1);
            await fanout.PostAsync(author, post);
            await fanout.SettleAsync();
            Assert.Equal(((short)plan.Tier, plan.Batches, plan.Followers), await fanout.JobAsync(author, post));
            Assert.Equal(plan, await feed.ExplainFanoutAsync(new ExplainFanoutRequest { MediaId = post }));
            foreach (var reader in readers)
            {
                await fanout.Store.DropAsync(reader, nodes.Limit);
            }

            await fanout.OpenTimelinesAsync(readers);
        }
    }

    private static Task<string> JobsAsync(FanoutNodes fanout, long author) => fanout.Nodes.QueryAsync<string>(
        fanout.Nodes.NodeOf(author), "SELECT coalesce(string_agg(j::text, ';' ORDER BY j.number), '') FROM fanout_jobs AS j");
}
