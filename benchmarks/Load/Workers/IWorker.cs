namespace InstaGrpc.Load.Workers;

/// <summary>A process that makes a share of the load.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>Everything that need not be done at the moment that all begin.</summary>
    Task PrepareAsync(CancellationToken ct);

    /// <summary>Its share of the run.</summary>
    /// <param name="begin">Asked when it has warmed up: when all begin; null: as soon as it can.</param>
    /// <param name="onSecond">Told each second what it did; never two at once.</param>
    /// <param name="ct">Ends the run early.</param>
    Task<WorkerResult> RunAsync(Func<CancellationToken, Task<DateTimeOffset>>? begin, Func<WorkerSecond, Task> onSecond, CancellationToken ct);
}
