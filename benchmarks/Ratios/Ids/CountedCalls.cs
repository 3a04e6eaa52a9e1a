using InstaGrpc.Ratios.Hit;

namespace InstaGrpc.Ratios.Ids;

/// <summary>Calls of one server by h2load, believed only when the server counted as many OK: h2load takes any HTTP 200 for a success.</summary>
/// <param name="load">The call.</param>
/// <param name="server">Where.</param>
/// <param name="answered">How many calls the server has answered with OK so far.</param>
internal sealed class CountedCalls(H2Load load, Uri server, Func<Task<long>> answered)
{
    private const double FirstRate = 5_000;

    private double _rate = FirstRate;

    /// <returns>Calls a second.</returns>
    public async Task<double> RunAsync(TimeSpan time, CancellationToken cancellation)
    {
        // A number of calls, not a time: nothing is under way at the end, and both must count alike.
        var calls = (int)(_rate * time.TotalSeconds);
        var before = await answered().ConfigureAwait(false);
        var (perSecond, succeeded) = await load.RunAsync(server, calls, cancellation).ConfigureAwait(false);
        var ok = await answered().ConfigureAwait(false) - before;
        return succeeded == calls && ok == calls
            ? _rate = perSecond
            : throw new InvalidOperationException($"{server}: of {calls:N0} calls h2load saw {succeeded:N0} succeed, the server answered {ok:N0} with OK");
    }
}
