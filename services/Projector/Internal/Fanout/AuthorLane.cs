namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>One author's place among the turns, which all his jobs share; each leaves it by disposing it.</summary>
internal sealed class AuthorLane(AuthorShare share, Action<AuthorLane> leave) : IDisposable
{
    public AuthorShare Share => share;

    public TurnQueue Urgent { get; } = new(share);

    public TurnQueue Patient { get; } = new(share);

    /// <summary>Jobs that are in it. Guarded by its <see cref="FanoutTurns"/>.</summary>
    public int Jobs { get; set; }

    public void Dispose() => leave(this);
}
