using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>An upgrade and its way back, as a rollout does them, under load.</summary>
public sealed class UpgradeTests
{
    private static readonly int _calls = TestTier.Count(100, 1_000);

    [ReleaseFact]
    public async Task TheVersionBeforeAndThisOneServeTheSameDatabasesAndNoCallFails()
    {
        var before = await Release.BuildAsync();
        await using var servers = await OwnServers.StartAsync();
        await using var old = await ServingMesh.StartAsync(servers, before);
        await old.StreamsAsync();
        await using var users = await SteadyUsers.BeginAsync(old, count: 4);
        await users.CallAsync(_calls);

        // The hook Job comes before the new pods, and the old ones run on.
        var (code, output) = await InstaProgram.Built.RunAsync(servers.Variables, "migrate");
        Assert.True(code == 0, output);
        await users.CallAsync(_calls);
        await using var present = await ServingMesh.ServeAsync(servers);
        await users.TurnToAsync(old, present);
        await users.CallAsync(_calls);
        await users.TurnToAsync(present);
        Assert.Equal(0, await old.StopAsync());
        await users.CallAsync(_calls);

        // And back: the version before on what this one has migrated and written.
        await using var again = await ServingMesh.ServeAsync(servers, before);
        await users.TurnToAsync(present, again);
        await users.CallAsync(_calls);
        await users.TurnToAsync(again);
        Assert.Equal(0, await present.StopAsync());
        await users.CallAsync(_calls);
        await users.DisposeAsync();

        Assert.Empty(users.Failures);
        foreach (var post in users.Posts)
        {
            var (likes, comments) = (
                await servers.QueryAsync($"SELECT count(*) FROM likes WHERE media_id = {post}", servers.Node),
                await servers.QueryAsync($"SELECT count(*) FROM comments WHERE media_id = {post}", servers.Node));
            await Patience.UntilAsync(
                async () =>
                {
                    var counts = (await again.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = post }, ServingMesh.AsUser(1))).Counts;
                    return ($"{counts.Likes}", $"{counts.Comments}") == (likes, comments);
                },
                $"the counts of {post} are {likes} likes and {comments} comments");
        }
    }
}
