using System.Text.Json;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

public sealed class DashboardTests
{
    private static readonly string _folder = Path.Combine(Checkout.Root, "helm", "insta", "dashboards");

    [ProgramFact("prometheus")]
    public async Task EveryPanelShowsSomethingOfAMeshThatIsUsed()
    {
        await using var mesh = await ObservedMesh.StartAsync();
        var waiting = Directory.GetFiles(_folder, "*.json").SelectMany(Expressions).ToList();
        Assert.True(waiting.Count > 40, $"only {waiting.Count} expressions were found");
        var (reader, author) = (await mesh.NewUserAsync(), await mesh.NewUserAsync());
        await mesh.Graph.FollowAsync(new FollowRequest { UserId = author }, ObservedMesh.AsUser(reader));

        using var limit = new CancellationTokenSource(ObservedMesh.Limit);
        while (waiting.Count > 0)
        {
            Assert.False(limit.IsCancellationRequested, $"no data:\n{string.Join('\n', waiting)}");
            var post = await mesh.NewMediaAsync(author);
            for (var i = 0; i < 20; i++)
            {
                await mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = post }, ObservedMesh.AsUser(reader));
                await mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = post }, ObservedMesh.AsUser(reader));
            }

            await mesh.Media.LikeAsync(new LikeRequest { MediaId = post }, ObservedMesh.AsUser(reader));
            await mesh.Feed.HomeFeedAsync(new HomeFeedRequest { UserId = reader }, ObservedMesh.AsUser(reader));
            foreach (var panel in waiting.ToArray())
            {
                if (await mesh.Prometheus.CountAsync(panel.Expression) > 0)
                {
                    waiting.Remove(panel);
                }
            }
        }
    }

    private static IEnumerable<(string Panel, string Expression)> Expressions(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return
        [
            .. from panel in document.RootElement.GetProperty("panels").EnumerateArray()
               where panel.GetProperty("type").GetString() != "row"
               from target in panel.GetProperty("targets").EnumerateArray()
               select (
                   $"{Path.GetFileName(path)}, {panel.GetProperty("title").GetString()}",
                   target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "15s", StringComparison.Ordinal)),
        ];
    }
}
