namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A job that waits for its turn to send a batch.</summary>
/// <param name="timelines">Of how many timelines it may be.</param>
internal sealed class TurnWaiter(int timelines)
{
    public int Timelines => timelines;

    public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
