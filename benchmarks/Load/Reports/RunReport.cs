using System.Text.Json;

namespace InstaGrpc.Load.Reports;

/// <summary>What a run found: <c>result.json</c> of its folder.</summary>
public sealed record RunReport
{
    public const string FileName = "result.json";

    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public required string Scenario { get; init; }

    public required string Command { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Iterations a second that were asked for.</summary>
    public required double AskedRate { get; init; }

    public required double Seconds { get; init; }

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

    /// <summary>Whether the stream's lag was measured; else answers may have been older by the whole of what the protocol promises.</summary>
    public required bool LagMeasured { get; init; }

    /// <summary>What happened to the mesh; null: nothing was done to it.</summary>
    public Outage? Outage { get; init; }

    /// <summary>Where it was measured.</summary>
    public required IReadOnlyDictionary<string, string> Machine { get; init; }

    /// <summary>No violation, no missed threshold.</summary>
    public bool Passed => Violations.Count == 0 && Thresholds.Values.All(static met => met);

    public RunStep Whole => Steps[0];

    public static RunReport Read(string path) =>
        JsonSerializer.Deserialize<RunReport>(File.ReadAllBytes(Directory.Exists(path) ? Path.Combine(path, FileName) : path), _json)
        ?? throw new InvalidOperationException($"{path} is empty");

    public string ToJson() => JsonSerializer.Serialize(this, _json) + "\n";
}
