using System.Text.Json;
using System.Text.RegularExpressions;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

public sealed partial class DashboardTests
{
    private const string OrNothing = " or vector(0)";

    private static readonly string _folder = Path.Combine(Checkout.Root, "helm", "insta", "dashboards");

    /// <summary>Panels of what a test's people do for certain. What they may be spared (failures, lost leases) shows 0, whatever its metric is called:
    /// for those names there is the list in docs/metrics.md, which is compared with what a process shows.</summary>
    private static readonly HashSet<string> _happens = ["Timelines written", "Timelines built", "Jobs by tier", "Pages by source"];

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

    [Fact]
    public void EveryPanelAsksForMetricsThatAreListed()
    {
        var list = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "metrics.md"));
        var listed = Listed().Matches(list).Select(static match => match.Groups[1].Value).ToHashSet();

        var asked = Directory.GetFiles(_folder, "*.json").SelectMany(Expressions)
            .SelectMany(panel => Name().Matches(Labels().Replace(panel.Expression, "")).Select(match => (panel.Panel, match.Value))).ToList();

        Assert.True(asked.Count > 40, $"only {asked.Count} metrics were found");
        Assert.All(asked, metric => Assert.True(listed.Contains(metric.Value) || listed.Contains(Part().Replace(metric.Value, "")), $"{metric}"));
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
                   Asked(panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!)),
        ];
    }

    private static string Asked(string panel, string expression)
    {
        var asked = expression.Replace("$__rate_interval", "15s", StringComparison.Ordinal);
        return _happens.Contains(panel) ? asked.Replace(OrNothing, "", StringComparison.Ordinal) : asked;
    }

    [GeneratedRegex(@"^\| `(\w+)`", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex(@"\{[^}]*\}|\bby \([^)]*\)")]
    private static partial Regex Labels();

    [GeneratedRegex(@"\b(insta|dotnet|db|kestrel|http|process)_\w+", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|count|sum)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();
}
