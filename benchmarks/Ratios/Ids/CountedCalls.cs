using InstaGrpc.Ratios.Hit;

namespace InstaGrpc.Ratios.Ids;

/// <summary>Calls of one server by h2load, believed only when the server counted as many OK: h2load takes any HTTP 200 for a
/// success.</summary>
/// <param name="report">Where a run that is not believed is said.</param>
/// <param name="load">The call.</param>
/// <param name="server">Where.</param>
/// <param name="answered">How many calls the server has answered with OK so far.</param>
internal sealed class CountedCalls(BenchmarkReport report, H2Load load, Uri server, Func<Task<long>> answered)
{
    private const double FirstRate = 5_000;
    private const int Attempts = 5;

    private double _rate = FirstRate;

    /// <returns>Calls a second.</returns>
    public async Task<double> RunAsync(TimeSpan time, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            // A number of calls, not a time: nothing is under way at the end, and both must count alike.
            var calls = (int)(Math.Max(_rate, FirstRate) * time.TotalSeconds);
            var before = await answered().ConfigureAwait(false);
            var (perSecond, succeeded) = await load.RunAsync(server, calls, cancellation).ConfigureAwait(false);
            var ok = await answered().ConfigureAwait(false) - before;
            if (succeeded == calls && ok == calls)
            {
                return _rate = perSecond;
            }

            var why = $"of {calls:N0} calls h2load saw {succeeded:N0} succeed, the server answered {ok:N0} with OK";
            if (attempt == Attempts)
            {
                throw new InvalidOperationException($"{server}: {why}");
            }

            report.Say($"  measured again: {why}");
        }
    }
}
