using System.Diagnostics;

namespace InstaGrpc.Load.Internal;

/// <summary>Takes the figures once a second.</summary>
internal sealed class IntervalClock(IReadOnlyList<ScenarioRun> runs, long begun)
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    /// <summary>Until told that the run has ended; then once more, for what is left.</summary>
    public async Task RunAsync(Func<Interval, Task> take, CancellationToken ended)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var last = Stopwatch.GetTimestamp();
        for (var second = 0; ; second++)
        {
            var due = begun + ((second + 1) * Stopwatch.Frequency) - Stopwatch.GetTimestamp();
            try
            {
                if (due > 0) await Task.Delay(_second * ((double)due / Stopwatch.Frequency), ended).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The last, shorter second.
            }

            // Asked before the figures are taken: what came until the end is among them.
            var final = ended.IsCancellationRequested;
            var (now, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var cores = (used - cpu) / Stopwatch.GetElapsedTime(last, now);
            (cpu, last) = (used, now);
            var late = runs.Select(static run => run.TakeLateness()).ToList();
            await take(new Interval(
                second, [.. runs.SelectMany(static run => run.Recorder.Take())], runs.Sum(static run => run.InFlight),
                late.Max(static one => one.Most), late.Sum(static one => one.Over5Ms), late.Sum(static one => one.Begun), cores)).ConfigureAwait(false);
            if (final) return;
        }
    }
}
