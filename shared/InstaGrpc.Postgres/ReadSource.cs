namespace InstaGrpc.Postgres;

/// <summary>Which server of a node is read.</summary>
public enum ReadSource
{
    Primary,
    Follower,
}
