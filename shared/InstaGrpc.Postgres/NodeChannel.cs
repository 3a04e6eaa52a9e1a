namespace InstaGrpc.Postgres;

/// <summary>What transactions on a node announce when they commit.</summary>
public enum NodeChannel
{
    /// <summary>There are new fan-out jobs (<c>insta_fanout</c>).</summary>
    Fanout,

    /// <summary>There are new notifications (<c>insta_notifications</c>).</summary>
    Notifications,
}
