using System.Diagnostics;

namespace InstaGrpc.Load.Internal;

/// <summary>Begins the iterations of a scenario when they are due.</summary>
internal sealed class ScenarioRun(ScenarioProps scenario, RunOptions options, int index)
{
    private static readonly Response _tooMany = Response.Fail("TooManyInFlight", "so many iterations were under way that no more were begun");
    private static readonly long _fiveMs = Stopwatch.Frequency / 200;

    private readonly Lock _gate = new();
    private long _number = -1;
    private long _inFlight;
    private long _lateMost;
    private long _lateOver5Ms;
    private long _begun;

    public ScenarioRecorder Recorder { get; } = new(scenario.Name);

    public long InFlight => Interlocked.Read(ref _inFlight);

    /// <summary>The first simulation, uncounted, for as long as the scenario wants.</summary>
    public async Task WarmUpAsync(CancellationToken cancellation)
    {
        if (scenario.WarmUp <= TimeSpan.Zero) return;
        await SimulateAsync(scenario.LoadSimulations[0] with { During = scenario.WarmUp }, 0, Stopwatch.GetTimestamp(), cancellation).ConfigureAwait(false);
        await EndedAsync(options.EndLimit).ConfigureAwait(false);
        TakeLateness();
    }

    public async Task RunAsync(long begun, CancellationToken cancellation)
    {
        Recorder.Begin(cancellation);
        var (before, at) = (0.0, begun);
        foreach (var simulation in scenario.LoadSimulations)
        {
            if (cancellation.IsCancellationRequested) return;
            await SimulateAsync(simulation, before, at, cancellation).ConfigureAwait(false);
            before = simulation.Kind == SimulationKind.Pause ? 0 : simulation.Count;
            at += (long)(simulation.During.TotalSeconds * Stopwatch.Frequency);
        }
    }

    /// <summary>Waits for what is under way.</summary>
    public async Task EndedAsync(TimeSpan limit)
    {
        var begun = Stopwatch.GetTimestamp();
        while (InFlight > 0 && Stopwatch.GetElapsedTime(begun) < limit)
        {
            await Task.Delay(10).ConfigureAwait(false);
        }
    }

    public (long Most, long Over5Ms, long Begun) TakeLateness()
    {
        lock (_gate)
        {
            var taken = ((long)(_lateMost * 1e6 / Stopwatch.Frequency), _lateOver5Ms, _begun);
            (_lateMost, _lateOver5Ms, _begun) = (0, 0, 0);
            return taken;
        }
    }

    private Task SimulateAsync(LoadSimulation whole, double before, long begun, CancellationToken cancellation)
    {
        var simulation = whole.Share(options.Process.Count);
        return simulation.Kind switch
        {
            SimulationKind.Pause => WaitAsync(simulation.During, cancellation),
            _ when !simulation.IsOpen => CopiesAsync(simulation, before / options.Process.Count, begun, cancellation),
            _ => PaceAsync(simulation, before / options.Process.Count, begun, cancellation),
        };
    }

    /// <summary>
    /// On a thread of its own, which does nothing else: an iteration runs on it up to its first wait, so its request leaves when it is due, even while all
    /// threads of the pool are busy with answers.
    /// </summary>
    private Task PaceAsync(LoadSimulation simulation, double before, long begun, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            PreciseWait.Prepare();
            // Processes take turns: each begins its share a little later than the one before.
            var turn = simulation.Kind == SimulationKind.Inject
                ? simulation.Interval / simulation.Count * options.Process.Index / options.Process.Count
                : TimeSpan.Zero;
            var random = new Random(Seeds.Of(options.Seed, index, options.Process.Index));
            foreach (var offset in Arrivals.Of(simulation, before, random))
            {
                var due = begun + (long)((offset + turn).TotalSeconds * Stopwatch.Frequency);
                while (Stopwatch.GetTimestamp() < due && !cancellation.IsCancellationRequested) PreciseWait.Until(due);
                if (cancellation.IsCancellationRequested) break;
                Begin(due, cancellation);
            }

            var end = begun + (long)(simulation.During.TotalSeconds * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < end && !cancellation.IsCancellationRequested) PreciseWait.Until(end);
            done.SetResult();
        })
        {
            IsBackground = true, Name = $"pacer of {scenario.Name}",
        };
        thread.Start();
        return done.Task;
    }

    /// <summary>Or until the run is broken off, which is no failure of it.</summary>
    private static async Task WaitAsync(TimeSpan time, CancellationToken cancellation) =>
        await Task.Delay(time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Begin(long due, CancellationToken cancellation)
    {
        var late = Stopwatch.GetTimestamp() - due;
        lock (_gate)
        {
            _lateMost = Math.Max(_lateMost, late);
            _begun++;
            if (late > _fiveMs) _lateOver5Ms++;
        }

        if (InFlight >= options.MostInFlight)
        {
            Recorder.RecordIteration(0, _tooMany);
            return;
        }

        _ = OneAsync(due, cancellation);
    }

    private async Task OneAsync(long due, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _inFlight);
        try
        {
            var number = Interlocked.Increment(ref _number);
            var seed = Seeds.Of(options.Seed, index, options.Process.Index, number);
            var iteration = new Iteration(Recorder, number, due, seed, cancellation);
            var response = await Iteration.OutcomeAsync(() => scenario.Run(iteration)).ConfigureAwait(false);
            Recorder.RecordIteration(Stopwatch.GetTimestamp() - due, response);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task CopiesAsync(LoadSimulation simulation, double before, long begun, CancellationToken cancellation)
    {
        var end = begun + (long)(simulation.During.TotalSeconds * Stopwatch.Frequency);
        var copies = (int)Math.Max(1, Math.Round(simulation.Count));
        // While it ramps, a copy that was not there before waits for its turn.
        var added = simulation.Kind == SimulationKind.RampingConstant ? Math.Max(0, copies - (int)before) : 0;
        await Task.WhenAll(Enumerable.Range(0, copies).Select(copy => Task.Run(
            async () =>
            {
                var wait = copy < copies - added ? TimeSpan.Zero : simulation.During * ((double)(copy - (copies - added)) / added);
                if (wait > TimeSpan.Zero) await WaitAsync(wait, cancellation).ConfigureAwait(false);
                while (!cancellation.IsCancellationRequested)
                {
                    var now = Stopwatch.GetTimestamp();
                    if (now >= end) return;
                    lock (_gate) _begun++;
                    await OneAsync(now, cancellation).ConfigureAwait(false);
                }
            },
            CancellationToken.None))).ConfigureAwait(false);
    }
}
