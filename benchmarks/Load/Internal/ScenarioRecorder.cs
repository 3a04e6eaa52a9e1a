using System.Diagnostics;

namespace InstaGrpc.Load.Internal;

/// <summary>Counts what iterations and steps of a scenario did, until somebody takes it.</summary>
internal sealed class ScenarioRecorder(string name)
{
    /// <summary>Of iterations as a whole.</summary>
    private const string Whole = "";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Counts> _steps = new(StringComparer.Ordinal) { [Whole] = new Counts() };
    private readonly Dictionary<string, string> _messages = new(StringComparer.Ordinal);
    private CancellationToken _brokenOff;
    private volatile bool _begun;

    public string Name => name;

    /// <summary>Whether things are counted: not in the warm-up, and not when the run was broken off, which cancels the calls that are under way.</summary>
    public bool Counting => _begun && !_brokenOff.IsCancellationRequested;

    public void Begin(CancellationToken brokenOff) => (_brokenOff, _begun) = (brokenOff, true);

    /// <summary>A failure's first words, by status code.</summary>
    public IReadOnlyDictionary<string, string> Messages => _messages;

    public void RecordIteration(long ticks, Response response) => Record(Whole, ticks, response);

    public void Record(string step, long ticks, Response response)
    {
        if (!Counting) return;
        lock (_gate)
        {
            if (!_steps.TryGetValue(step, out var counts)) _steps[step] = counts = new Counts();
            if (!response.IsError)
            {
                counts.Ok++;
                counts.Latency.Record((long)(ticks * 1e6 / Stopwatch.Frequency));
                return;
            }

            var code = response.StatusCode.Length > 0 ? response.StatusCode : "failed";
            counts.Fails[code] = counts.Fails.GetValueOrDefault(code) + 1;
            _messages.TryAdd(code, response.Message);
        }
    }

    /// <summary>Everything since the last call.</summary>
    public IReadOnlyList<StepFigures> Take()
    {
        lock (_gate)
        {
            StepFigures[] taken = [.. _steps.Select(step =>
                new StepFigures(name, step.Key, step.Value.Ok, new Dictionary<string, long>(step.Value.Fails), step.Value.Latency.Pack()))];
            foreach (var counts in _steps.Values) counts.Clear();
            return taken;
        }
    }

    private sealed class Counts
    {
        public long Ok { get; set; }

        public Dictionary<string, long> Fails { get; } = new(StringComparer.Ordinal);

        public LatencyHistogram Latency { get; } = new();

        public void Clear()
        {
            Ok = 0;
            Fails.Clear();
            Latency.Clear();
        }
    }
}
