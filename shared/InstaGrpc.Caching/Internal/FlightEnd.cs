using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Internal;

/// <summary>How a flight ended.</summary>
internal enum FlightResult
{
    /// <summary><c>HD</c>: every caller of the key gets the answer.</summary>
    Filled,

    /// <summary><c>EX</c>, <c>NF</c>, or unknown: the starter gets it, and who joined before the handler was started.</summary>
    Lost,

    /// <summary>The handler failed: everybody gets the failure.</summary>
    Failed,

    /// <summary>The handler was never run: everybody goes on by himself.</summary>
    Abandoned,

    /// <summary>Its own limit ended it: whoever has time left asks again.</summary>
    Overdue,
}

/// <param name="Result">How it ended.</param>
/// <param name="Answer">What the handler found; nothing where it failed or was not run.</param>
/// <param name="Fence">What the answer includes.</param>
/// <param name="Copy">The copy that was kept in the process, or null.</param>
/// <param name="Failure">The handler's, or why it was not let in.</param>
/// <param name="Reason">Why it was abandoned.</param>
internal sealed record FlightEnd(
    FlightResult Result, HandlerAnswer Answer, ReplayPosition Fence, LocalCopy? Copy = null, Exception? Failure = null,
    UncachedReason Reason = UncachedReason.None)
{
    /// <summary>How a flight ends that threw.</summary>
    /// <param name="failure">What it threw.</param>
    /// <param name="limit">Cancelled when the flight's time is over: whatever is thrown then says no more than that. That it was not let in
    /// concerns who started it, and is told apart.</param>
    public static FlightEnd Of(Exception failure, CancellationToken limit) => limit.IsCancellationRequested && failure is not AdmissionRefusedException
        ? new(FlightResult.Overdue, default, default)
        : new(FlightResult.Failed, default, default, Failure: failure);

    public static FlightEnd Abandoned(UncachedReason reason) => new(FlightResult.Abandoned, default, default, Reason: reason);

    public CacheAnswer ToAnswer() =>
        new(CacheLevel.Filled, Answer.IsPresent, Answer.Bytes, Answer.Message, Copy) { Fence = Fence };
}
