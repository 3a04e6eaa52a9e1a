using System.Text.Json;

namespace InstaGrpc.Load.Reports;

/// <summary>What a run found: <c>result.json</c> of its folder.</summary>
public sealed record RunReport
{
    public const string FileName = "result.json";

    /// <summary>What nobody judged where the databases are not known.</summary>
    public const string Unmeasured =
        "The stream's lag was not measured (--postgres and --memcached): own writes were judged at once and others' posts on profiles after 5 s, but posts of "
        + "followed users in home feeds and all counts only at the end, and by their order.";

    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public required string Scenario { get; init; }

    public required string Command { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Iterations a second that were asked for.</summary>
    public required double AskedRate { get; init; }

    /// <summary>How long the load lasted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether it was broken off. Such a run shows what it saw, and proves nothing.</summary>
    public bool EndedEarly { get; init; }

    public required int Users { get; init; }

    public required int Processes { get; init; }

    /// <summary>Iterations as a whole, first, and then each step.</summary>
    public required IReadOnlyList<RunStep> Steps { get; init; }

    public required IReadOnlyList<RunSecond> Timeline { get; init; }

    /// <summary>By kind.</summary>
    public required IReadOnlyDictionary<string, int> Violations { get; init; }

    public required IReadOnlyList<string> ViolationDetails { get; init; }

    /// <summary>What was asked, and whether it was met.</summary>
    public required IReadOnlyDictionary<string, bool> Thresholds { get; init; }

    /// <summary>Things that were compared when the load had ended.</summary>
    public required int ComparedAtEnd { get; init; }

    /// <summary>Whether the stream's lag was measured; else <see cref="Unmeasured"/> holds.</summary>
    public required bool LagMeasured { get; init; }

    /// <summary>What happened to the mesh; null: nothing was done to it.</summary>
    public Outage? Outage { get; init; }

    /// <summary>Where it was measured.</summary>
    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    /// <summary>Run to its end, no violation, no missed threshold.</summary>
    public bool Passed => !EndedEarly && Violations.Count == 0 && Thresholds.Values.All(static met => met);

    /// <summary>Seconds that were whole; what ended after the last one is in the totals only, because a part of a second would look like a fall.</summary>
    public IEnumerable<RunSecond> WholeSeconds => Timeline.Where(second => second.Second + 1 <= Seconds);

    public RunStep Whole => Steps[0];

    public static RunReport Read(string path) =>
        JsonSerializer.Deserialize<RunReport>(File.ReadAllBytes(Directory.Exists(path) ? Path.Combine(path, FileName) : path), _json)
        ?? throw new InvalidOperationException($"{path} is empty");

    public string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";
}
