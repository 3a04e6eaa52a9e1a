using System.Text.RegularExpressions;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Photos;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>docs/metrics.md against every role; tests/Mesh compares what all processes have in common.</summary>
public sealed partial class MetricsTests(RunningMesh running) : IClassFixture<RunningMesh>
{
    // A counter shows itself with its first event; what should happen seldom has none.
    private static readonly string[] _rare =
    [
        "insta_projector_rebuilds_total", "insta_projector_failures_total", "insta_projector_viral_total", "insta_fanout_interruptions_total",
        "insta_photos_decoders_lost_total", "insta_shedding_refused_total", "insta_client_refreshes_total", "insta_trace_kept_total",
    ];

    // What tests/Mesh sees, too, and looks for there.
    private static readonly string[] _everywhere = ["insta_rpc_", "insta_cache_", "insta_changes_", "insta_invalidator_"];

    private RunningMesh Mesh => running.Mesh;

    [Fact]
    public async Task WhatTheRolesShowIsWhatIsDocumented()
    {
        var photo = await Mesh.NewPhotoAsync((await Mesh.NewUserAsync()).Id, GeneratedPicture.Png(9, 64, 48));
        using (var client = new HttpClient { BaseAddress = new Uri("http://" + Mesh.WebOf("app")) })
        {
            using var answer = await client.GetAsync(PhotoUrl.Of(photo.Id, 0, photo.Photos[0].BlobId, PhotoVariant.Thumb));
            Assert.True(answer.IsSuccessStatusCode, answer.ToString());
        }
        var (reader, author) = ((await Mesh.NewUserAsync("reader")).Id, (await Mesh.NewUserAsync("author")).Id);
        await Mesh.Graph.FollowAsync(new FollowRequest { UserId = author }, RunningMesh.AsUser(reader));
        await Mesh.NewMediaAsync(author);
        await Mesh.Feed.HomeFeedAsync(new HomeFeedRequest { UserId = reader }, RunningMesh.AsUser(reader));

        var documented = File.ReadLines(Path.Combine(Checkout.Root, "docs", "metrics.md")).Select(static line => Row().Match(line))
            .Where(static row => row.Success && IsOurs(row.Groups[1].Value))
            .ToDictionary(
                static row => row.Groups[1].Value,
                static row => row.Groups[2].Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal));
        var expected = documented.Keys.Except(_rare).Where(static name => !_everywhere.Any(family => name.StartsWith(family, StringComparison.Ordinal)))
            .Order().ToList();
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        Dictionary<string, HashSet<string>> shown;
        do
        {
            // What was just written is still being derived and fanned out.
            shown = await ShownAsync();
            Assert.False(limit.IsCancellationRequested, $"not shown: {string.Join(", ", expected.Except(shown.Keys))}");
        }
        while (expected.Except(shown.Keys).Any());
        // Whatever is ours, also what no family of names announces.
        Assert.Empty(shown.Keys.Except(documented.Keys));
        Assert.All(shown, pair => Assert.Subset(documented[pair.Key], pair.Value));
    }

    [Fact]
    public async Task EveryHistogramTellsMillisecondsApart()
    {
        await Mesh.NewMediaAsync((await Mesh.NewUserAsync("timed")).Id);
        using var client = new HttpClient();
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        List<string> samples;
        do
        {
            samples = [];
            foreach (var web in Mesh.Webs)
            {
                samples.AddRange((await client.GetStringAsync(new Uri(web, "/metrics"), limit.Token)).Split('\n'));
            }
        }
        while (!samples.Any(static sample => sample.StartsWith("insta_projector_delay_seconds_bucket", StringComparison.Ordinal)));
        var histograms = samples
            .Where(static sample => sample.StartsWith("insta_", StringComparison.Ordinal) && sample.Contains("_bucket{", StringComparison.Ordinal))
            .GroupBy(static sample => sample[..sample.IndexOf('{', StringComparison.Ordinal)]).ToList();

        Assert.Contains(histograms, static histogram => histogram.Key == "insta_changes_publish_delay_seconds_bucket");
        Assert.All(histograms, static histogram => Assert.Contains(
            histogram, static sample => sample.Contains("le=\"0.0025\"", StringComparison.Ordinal)));
    }

    private static bool IsOurs(string name) => name.StartsWith("insta_", StringComparison.Ordinal);

    private async Task<Dictionary<string, HashSet<string>>> ShownAsync()
    {
        using var client = new HttpClient();
        var shown = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var web in Mesh.Webs)
        {
            foreach (var sample in (await client.GetStringAsync(new Uri(web, "/metrics"))).Split('\n').Select(static line => Sample().Match(line)))
            {
                var name = Part().Replace(sample.Groups[1].Value, "_seconds");
                if (IsOurs(name))
                {
                    shown.TryAdd(name, []);
                    shown[name].UnionWith(Label().Matches(sample.Groups[2].Value).Select(static label => label.Groups[1].Value).Where(static l => l != "le"));
                }
            }
        }

        return shown;
    }

    [GeneratedRegex("^\\| `([a-z0-9_]+)` \\| [a-z]+ \\| ([a-z0-9_, ]*) \\|")]
    private static partial Regex Row();

    [GeneratedRegex("^([a-z0-9_]+)(\\{.*\\})? [^ ]+")]
    private static partial Regex Sample();

    // All of our histograms are of seconds.
    [GeneratedRegex("_seconds_(bucket|sum|count)$")]
    private static partial Regex Part();

    [GeneratedRegex("([a-z0-9_]+)=\"")]
    private static partial Regex Label();
}
