using InstaGrpc.Services.Changes.Internal;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>A publisher in this process; disposing it stops it in an orderly way.</summary>
internal sealed class Publisher : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ChangesMetrics _metrics;
    private readonly Task _running;

    public Publisher(NodePublisher publisher, PublisherStatus status, ChangesMetrics metrics)
    {
        Status = status;
        _metrics = metrics;
        _running = Task.Run(() => publisher.RunAsync(_stop.Token));
    }

    public PublisherStatus Status { get; }

    public async Task ReachAsync(PublisherState state, CancellationToken limit)
    {
        while (Status.State != state)
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"The publisher is {Status.State} ({Status.Reason}), not {state}.");
            }

            await Task.Delay(10, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_running.IsCompleted)
        {
            return;
        }

        await _stop.CancelAsync();
        await _running;
        _metrics.Dispose();
    }
}
