namespace InstaGrpc.Load.Internal;

/// <summary>Sums intervals, of one process or of several.</summary>
internal sealed class RunTotals
{
    private readonly Dictionary<(string Scenario, string Step), StepTotals> _steps = [];

    public IReadOnlyDictionary<(string Scenario, string Step), StepTotals> Steps => _steps;

    public void Add(Interval interval)
    {
        foreach (var figures in interval.Steps)
        {
            if (!_steps.TryGetValue((figures.Scenario, figures.Step), out var step)) _steps[(figures.Scenario, figures.Step)] = step = new StepTotals();
            step.Add(figures);
        }
    }

    public ScenarioStats StatsOf(string scenario, TimeSpan duration, IEnumerable<Threshold> thresholds)
    {
        var step = _steps.GetValueOrDefault((scenario, "")) ?? new StepTotals();
        var stats = new ScenarioStats(scenario, step.Ok, step.Fails.Values.Sum(), LatencyStats.Of(step.Latency), duration);
        return stats with { Thresholds = thresholds.ToDictionary(static one => one.Name, one => one.Check(stats), StringComparer.Ordinal) };
    }

    internal sealed class StepTotals
    {
        public long Ok { get; private set; }

        public Dictionary<string, long> Fails { get; } = new(StringComparer.Ordinal);

        public LatencyHistogram Latency { get; } = new();

        public void Add(StepFigures figures)
        {
            Ok += figures.Ok;
            foreach (var (code, count) in figures.Fails) Fails[code] = Fails.GetValueOrDefault(code) + count;
            Latency.AddPacked(figures.Latency);
        }
    }
}
