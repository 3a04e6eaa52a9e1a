namespace InstaGrpc.Robustness.Model.Topic;

public struct TopicState
{
    /// <summary>Ends of transactions in the WAL; <see cref="RowChangedAt"/>: the one that changed the row (0: none yet).</summary>
    public sbyte Written, RowChangedAt;

    public Five<Record> Log;
    public sbyte Records;

    /// <summary>The slot's confirmed_flush_lsn; what the publisher produced last.</summary>
    public sbyte Confirmed, Produced, Restarts, Losses;

    /// <summary>Nothing was produced since the publisher started: it must find out what came before.</summary>
    public bool HasJustRestarted;

    public sbyte Lo;

    /// <summary>The entry of the live generation, and whether it includes the change.</summary>
    public bool HasItem, ItemIsNew;
}

/// <summary>A record in Kafka.</summary>
public struct Record
{
    public sbyte Position, Predecessor;
}
