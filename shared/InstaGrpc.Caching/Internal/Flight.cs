using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>
/// One lease that this process won, from <c>W</c> until its fill was answered. Callers that lost the same lease may join it.
/// </summary>
/// <remarks>
/// "The same lease" means the same CAS. A key alone would not do: while a flight's end is being handled here, its fill can be marked and the key be won by
/// another process; who sees that later lease must not get the earlier one's value.
/// </remarks>
internal sealed class Flight(EntryName name, ulong cas)
{
    private readonly TaskCompletionSource<FlightEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private bool _handlerStarted;
    private ReplayPosition? _fence;

    public EntryName Name => name;

    public ulong Cas => cas;

    public Task<FlightEnd> End => _end.Task;

    /// <summary>Joins it. False: this caller's token is past its fence.</summary>
    /// <param name="token">The caller's.</param>
    /// <param name="beforeHandler">Whether the handler has yet to start: then its answer is no older than this call, fill or not.</param>
    public bool TryJoin(TokenPosition? token, out bool beforeHandler)
    {
        lock (_lock)
        {
            beforeHandler = !_handlerStarted;
            return token is not { } wanted || _fence is not { } fence || fence.Reaches(wanted);
        }
    }

    public void SetFence(ReplayPosition fence)
    {
        lock (_lock)
        {
            _fence = fence;
        }
    }

    public void HandlerStarts()
    {
        lock (_lock)
        {
            _handlerStarted = true;
        }
    }

    public void Complete(FlightEnd end) => _end.TrySetResult(end);
}
