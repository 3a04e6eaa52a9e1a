using System.Diagnostics;

namespace InstaGrpc.Ratios.Hit;

/// <summary>A server that h2load calls, and what it says of the calls itself.</summary>
/// <param name="load">What is sent.</param>
/// <param name="address">Its gRPC listener.</param>
/// <param name="processId">Whose processor time is counted.</param>
/// <param name="answered">Its own count of OK answers.</param>
/// <param name="fromLevel">Of these, its count of those from the cache level that is measured; null: there is none.</param>
internal sealed class ServerUnderTest(
    H2Load load, Uri address, int processId, Func<Task<long>> answered, Func<Task<long>>? fromLevel = null)
{
    // The warm-up: the runtime compiles hot methods by their calls, not by time.
    private const int FirstRequestsPerSecond = 20_000;
    private const int Attempts = 5;

    // A copy lives a second, and all requests under way at its end go to memcached: at 1,000/s these are some percent.
    private const double FromItsLevel = 0.9;

    private readonly List<double> _processorMicroseconds = [];
    private double _rate = FirstRequestsPerSecond;

    /// <summary>Processor time of the process for each request, the median of the rounds after the warm-up. Unlike requests/s it hardly
    /// depends on who else uses the machine.</summary>
    public double ProcessorMicroseconds => Median.Of(_processorMicroseconds.Skip(1)).Value;

    /// <returns>Requests a second.</returns>
    public async Task<double> RunAsync(TimeSpan time, BenchmarkReport report, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var before = await CountsAsync().ConfigureAwait(false);
            var processor = ProcessorTime();

            // A fixed number of requests, so that nothing is under way at the end and both sides must count alike.
            var (perSecond, counted) = await load.RunAsync(address, (int)(_rate * time.TotalSeconds), cancellation).ConfigureAwait(false);
            processor = ProcessorTime() - processor;
            _rate = perSecond;
            var after = await CountsAsync().ConfigureAwait(false);
            var (good, level) = (after.Answered - before.Answered, after.Level - before.Level);
            if (good == counted && level >= counted * FromItsLevel)
            {
                _processorMicroseconds.Add(processor.TotalMicroseconds / counted);
                return perSecond;
            }

            var why = $"h2load counted {counted:N0} answers, the server {good:N0} OK, {level:N0} of them from the level that is measured";
            if (attempt == Attempts)
            {
                throw new InvalidOperationException($"{address}: {why}");
            }

            report.Say($"  measured again: {why}");
        }
    }

    private async Task<(long Answered, long Level)> CountsAsync()
    {
        var count = await answered().ConfigureAwait(false);
        return (count, fromLevel is null ? count : await fromLevel().ConfigureAwait(false));
    }

    private TimeSpan ProcessorTime()
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }
}
