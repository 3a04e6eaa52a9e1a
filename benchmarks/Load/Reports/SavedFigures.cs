using System.Text.Json;

namespace InstaGrpc.Load.Reports;

/// <summary>A run's figures in benchmarks/results, as the benchmarks there have theirs.</summary>
internal static class SavedFigures
{
    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <returns>The file's path.</returns>
    public static string Write(string folder, RunReport run)
    {
        Directory.CreateDirectory(folder);
        var name = $"load-{run.Scenario}" + (run.Outage is { } outage ? $"-{outage.Part}-killed" : "");
        var path = Path.Combine(folder, name + ".json");
        var content = new
        {
            name, command = run.Command, at = run.At, passed = run.Passed, violations = run.Violations.Values.Sum(), comparedAtEnd = run.ComparedAtEnd,
            outage = run.Outage,
            steps = run.Steps.Select(static step => new { step.Name, step.Ok, step.Errors, step.Rate, step.Latency }),
            longestLagMs = run.Timeline.Max(static second => second.LagMs), machine = run.Machine,
        };
        File.WriteAllText(path, JsonSerializer.Serialize(content, _json) + "\n");
        return path;
    }
}
