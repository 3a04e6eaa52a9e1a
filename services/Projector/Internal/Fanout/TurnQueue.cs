namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>An author's jobs that wait for a turn, who has waited longest first. Guarded by its <see cref="FanoutTurns"/>.</summary>
internal sealed class TurnQueue
{
    public TurnQueue(AuthorShare share) => (Share, Place) = (share, new LinkedListNode<TurnQueue>(this));

    public AuthorShare Share { get; }

    public LinkedList<TurnWaiter> Waiting { get; } = [];

    /// <summary>Among the authors; in no list while nobody waits.</summary>
    public LinkedListNode<TurnQueue> Place { get; }
}
