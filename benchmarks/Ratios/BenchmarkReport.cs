using System.Globalization;
using System.Text.Json;

namespace InstaGrpc.Ratios;

/// <summary>What a benchmark found, for people and for <c>--check</c>.</summary>
/// <param name="name">The benchmark's.</param>
/// <param name="seconds">Length of a round where it was asked for: shorter ones try a change quickly, and judge nothing.</param>
/// <param name="rounds">Number of rounds where it was asked for.</param>
/// <param name="size">Size of the data where it was asked for, by the benchmark's own measure.</param>
internal sealed class BenchmarkReport(string name, double? seconds = null, int? rounds = null, int? size = null)
{
    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly List<Ratio> _ratios = [];
    private readonly Dictionary<string, double> _figures = [];

    public double? Seconds { get; } = seconds;

    public int? Rounds { get; } = rounds;

    public int? Size { get; } = size;

    public string Command { get; } =
        $"./insta bench {name}{Option("seconds", seconds)}{Option("rounds", rounds)}{Option("size", size)}";

    public IReadOnlyList<Ratio> Ratios => _ratios;

    /// <summary>The figure in one line.</summary>
    public string Summary => $"{name}: " + string.Join("; ", _ratios.Select(InOneLine));

    public void Say(string line) => Console.WriteLine(line);

    public void AddFigure(string figure, double value)
    {
        _figures[figure] = value;
        Say(string.Create(CultureInfo.InvariantCulture, $"{figure}: {value:#,##0.##}"));
    }

    public void AddRatio(Ratio ratio)
    {
        _ratios.Add(ratio);
        Say(InOneLine(ratio));
    }

    /// <returns>The file's path.</returns>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{name}.json");
        var content = new
        {
            name, command = Command, at = DateTimeOffset.UtcNow, ratios = _ratios, figures = _figures, machine = Machine.Describe(),
        };
        File.WriteAllText(path, JsonSerializer.Serialize(content, _json) + "\n");
        return path;
    }

    private static string Option(string option, IFormattable? value) =>
        value is null ? "" : $" --{option} {value.ToString(null, CultureInfo.InvariantCulture)}";

    private static string InOneLine(Ratio ratio) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ratio.Name} {ratio.Value:0.00} [{ratio.Interval[0]:0.00}, {ratio.Interval[1]:0.00}] "
        + $"(goal {(ratio.AtMost ? "<=" : ">=")} {ratio.Goal:0.##}{(ratio.Ok ? "" : ", MISSED")})");
}
