namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// In the place of the console's lifetime, which would stop the application at a signal, too: <see cref="ShutdownSignal"/> alone hears them, so that an
/// application that stops before it is told to has failed.
/// </summary>
internal sealed class SignalsAreOurs : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
