using InstaGrpc.Memcached;

namespace InstaGrpc.Timelines;

/// <summary>The right to build a user's timeline: posts that are fanned out from now on are collected in it.</summary>
public sealed class TimelineBuild
{
    internal TimelineBuild(long user, ulong token, uint beganAt, PinnedConnection connection) =>
        (User, Token, BeganAt, Connection) = (user, token, beganAt, connection);

    /// <summary>Whose timeline it is.</summary>
    public long User { get; }

    /// <summary>After <see cref="TimelineStore.FinishAsync"/>: the server had no memory for it, so that another attempt would be in
    /// vain.</summary>
    public bool HadNoRoom { get; internal set; }

    internal ulong Token { get; }

    internal uint BeganAt { get; }

    internal PinnedConnection Connection { get; }
}
