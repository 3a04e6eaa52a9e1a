using System.Text.RegularExpressions;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

/// <summary>docs/metrics.md is what operators build dashboards on: every name and label that a process shows stands in it.</summary>
public sealed partial class MetricsDocumentTests(StreamFixture fixture) : IClassFixture<StreamFixture>
{
    [Fact]
    public async Task EveryNameAndLabelOfAProcessIsDocumented()
    {
        var documented = Documented();

        var missing = (await ShownAsync())
            .Where(shown => !documented.TryGetValue(shown.Key, out var labels) || shown.Value.Any(label => !labels.Contains(label)))
            .Select(shown => $"{shown.Key} | {string.Join(", ", shown.Value.Order())}");

        if (missing.Any())
        {
            Assert.Fail($"not in docs/metrics.md, or not there:\n{string.Join('\n', missing)}");
        }
    }

    [Fact]
    public async Task WhatIsDocumentedOfMeshCacheChangesAndInvalidatorIsThere()
    {
        var shown = await ShownAsync();

        // A counter shows itself with its first event; what should never happen has none.
        string[] rare =
        [
            "insta_cache_undeclared_total", "insta_client_refreshes_total", "insta_changes_resets_total", "insta_changes_failures_total",
            "insta_invalidator_refused_keys_total", "insta_invalidator_interruptions_total",
            // Asked of the server after some seconds; the alerts' tests see it.
            "insta_changes_slot_bytes",
        ];
        var missing = Documented().Keys
            .Where(name => name.StartsWith("insta_rpc_", StringComparison.Ordinal)
                || name.StartsWith("insta_cache_", StringComparison.Ordinal)
                || name.StartsWith("insta_changes_", StringComparison.Ordinal)
                    || name.StartsWith("insta_invalidator_", StringComparison.Ordinal))
            .Where(name => !shown.ContainsKey(name) && !rare.Contains(name));

        if (missing.Any())
        {
            Assert.Fail($"not in docs/metrics.md, or not there:\n{string.Join('\n', missing)}");
        }
    }

    private static Dictionary<string, HashSet<string>> Documented() => File.ReadLines(Path.Combine(Checkout.Root, "docs", "metrics.md"))
        .Select(line => Row().Match(line)).Where(row => row.Success)
        .ToDictionary(row => row.Groups["name"].Value, row => row.Groups["labels"].Value
            .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal));

    private async Task<Dictionary<string, HashSet<string>>> ShownAsync()
    {
        var (id, token) = await fixture.WriteAsync();
        for (var i = 0; i < 3; i++)
        {
            await fixture.Host.Notes.GetNoteAsync(new GetNoteRequest { NoteId = id }, NotesHost.As("user:5", ("insta-lsn", token)));
        }

        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var text = await http.GetStringAsync(new Uri(fixture.Host.Address, "/metrics"));
        var shown = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var histograms = text.Split('\n').Where(l => l.EndsWith(" histogram", StringComparison.Ordinal)).Select(l =>
            l.Split(' ')[2]).ToHashSet();
        foreach (var match in text.Split('\n').Select(l => Sample().Match(l)).Where(m => m.Success))
        {
            var name = match.Groups["name"].Value;
            var family = histograms.FirstOrDefault(h => name == h + "_bucket" || name == h + "_sum" || name == h + "_count") ?? name;
            shown.TryAdd(family, []);
            shown[family].UnionWith(Label().Matches(match.Groups["labels"].Value).Select(m => m.Groups[1].Value).Where(l => l != "le"));
        }

        Assert.NotEmpty(shown);
        return shown;
    }

    [GeneratedRegex("^\\| `(?<name>[a-z0-9_]+)` \\| [a-z]+ \\| (?<labels>[a-z0-9_, ]*) \\|")]
    private static partial Regex Row();

    [GeneratedRegex("^(?<name>[a-zA-Z0-9_:]+)(\\{(?<labels>.*)\\})? [^ ]+$")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-zA-Z0-9_]+)=\"")]
    private static partial Regex Label();
}
