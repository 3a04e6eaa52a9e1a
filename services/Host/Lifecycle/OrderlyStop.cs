using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// A stop in three steps, within one limit. First the process says that it is not ready, streams without end are ended, and calls that had begun are
/// finished while it still listens: with all roles in one process they call others by its own listener. Then the listeners close; what came
/// meanwhile is finished, connections are told to go elsewhere. Then the roles hand over what they hold; calls leave them 2 s of the limit,
/// or a third of a short one.
/// </summary>
internal sealed class OrderlyStop(WebApplication app, CallsUnderWay calls, TimeSpan limit)
{
    private static readonly TimeSpan _handOver = TimeSpan.FromSeconds(2);

    public async Task RunAsync()
    {
        var watch = Stopwatch.StartNew();
        var handOver = limit / 3 < _handOver ? limit / 3 : _handOver;
        using (var patience = new CancellationTokenSource(limit - handOver))
        {
            app.Lifetime.StopApplication();
            await calls.EndedAsync().WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await app.Services.GetRequiredService<IServer>().StopAsync(patience.Token);
        }
        var left = limit - watch.Elapsed;
        using var rest = new CancellationTokenSource(left > handOver ? left : handOver);
        await app.StopAsync(rest.Token);
    }
}
