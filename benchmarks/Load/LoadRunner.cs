using System.Diagnostics;
using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load;

/// <summary>
/// Runs scenarios at once: <c>LoadRunner.RegisterScenarios(scenario).Run()</c>. Each simulation is a schedule that was made before; an iteration's latency
/// counts from the moment that it has there, so a server that stalls is charged for all that should have come meanwhile.
/// </summary>
public sealed class LoadRunner
{
    private readonly IReadOnlyList<ScenarioProps> _scenarios;

    private LoadRunner(IReadOnlyList<ScenarioProps> scenarios) => _scenarios = scenarios;

    internal Func<Interval, Task>? OnInterval { get; private set; }

    internal Action<long>? OnBegin { get; private set; }

    internal RunOptions Options { get; private set; } = new();

    public static LoadRunner RegisterScenarios(params ScenarioProps[] scenarios) => new(scenarios);

    public LoadRunner WithOptions(RunOptions options)
    {
        Options = options;
        return this;
    }

    internal LoadRunner WithIntervals(Func<Interval, Task> onInterval)
    {
        OnInterval = onInterval;
        return this;
    }

    /// <param name="onBegin">Told when the load begins: a timestamp of <see cref="Stopwatch"/>.</param>
    internal LoadRunner WithBegin(Action<long> onBegin)
    {
        OnBegin = onBegin;
        return this;
    }

    /// <summary>Runs them to their end.</summary>
    /// <returns>Figures by scenario, in their order.</returns>
    public IReadOnlyList<ScenarioStats> Run() => RunAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>The same; a cancelled run ends early, with the figures so far. What was under way then is not among them.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before the load began.</exception>
    public async Task<IReadOnlyList<ScenarioStats>> RunAsync(CancellationToken cancellation)
    {
        var totals = new RunTotals();
        var onInterval = OnInterval;
        foreach (var scenario in _scenarios)
        {
            if (scenario.Init is { } init) await init(cancellation).ConfigureAwait(false);
        }

        var runs = _scenarios.Select((scenario, index) => new ScenarioRun(scenario, Options, index)).ToList();
        await Task.WhenAll(runs.Select(run => run.WarmUpAsync(cancellation))).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        if (Options.Begin is { } begin)
        {
            var left = await begin(cancellation).ConfigureAwait(false) - DateTimeOffset.UtcNow;
            if (left > TimeSpan.Zero) await Task.Delay(left, cancellation).ConfigureAwait(false);
        }

        using var ended = new CancellationTokenSource();
        var begun = Stopwatch.GetTimestamp();
        OnBegin?.Invoke(begun);
        var looking = new IntervalClock(runs, begun).RunAsync(
            async interval =>
            {
                totals.Add(interval);
                if (onInterval is not null) await onInterval(interval).ConfigureAwait(false);
            },
            ended.Token);
        await Task.WhenAll(runs.Select(run => run.RunAsync(begun, cancellation))).ConfigureAwait(false);
        var lasted = Stopwatch.GetElapsedTime(begun);
        await Task.WhenAll(runs.Select(run => run.EndedAsync(Options.EndLimit))).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
        foreach (var scenario in _scenarios)
        {
            if (scenario.Clean is { } clean) await clean(CancellationToken.None).ConfigureAwait(false);
        }

        return [.. _scenarios.Select(scenario => totals.StatsOf(scenario.Name, lasted, scenario.Thresholds))];
    }
}
