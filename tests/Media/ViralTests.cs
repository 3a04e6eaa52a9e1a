using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Media.Tests;

/// <summary>What the projector would write is written here by hand.</summary>
public class ViralTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AProcessKeepsLongerWhatIsViralOnAnyNodeUntilItIsCalm()
    {
        await using var mesh = await MediaMesh.StartAsync(
            servers.Servers, new KeyValuePair<string, string?>("Insta:Media:ViralPoll", "00:00:00.02"));
        var reads = mesh.Mesh.Services.GetRequiredService<CachedReads>();
        Assert.Equal(0, reads.Prolonged.Count);
        long[] posts = [await mesh.Nodes.IdOnAsync(new NodeName("n1"), sequence: 3), await mesh.Nodes.IdOnAsync(new NodeName("n2"), sequence: 4)];
        await mesh.DatabaseOf("n1").ExecuteAsync($"INSERT INTO viral_media (media_id) VALUES ({posts[0]})");
        await mesh.DatabaseOf("n2").ExecuteAsync($"INSERT INTO viral_media (media_id) VALUES ({posts[1]})");
        await Patience.UntilAsync(() => posts.All(reads.Prolonged.Contains), "both are viral");
        await mesh.DatabaseOf("n1").ExecuteAsync("DELETE FROM viral_media");
        await Patience.UntilAsync(() => !reads.Prolonged.Contains(posts[0]), "one is calm again");
        Assert.True(reads.Prolonged.Contains(posts[1]));
    }
}
