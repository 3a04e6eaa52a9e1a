namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>A job that is run, or that only waits for servers that are away.</summary>
internal sealed class JobAtHand(long author, Action onFreed)
{
    private volatile bool _isParked;

    public long Author => author;

    public Task Run { get; set; } = Task.CompletedTask;

    /// <summary>It has gone to every server that is there, and counts no longer among those that are run.</summary>
    public bool IsParked => _isParked;

    public void Park()
    {
        _isParked = true;
        onFreed();
    }
}
