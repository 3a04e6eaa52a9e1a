namespace InstaGrpc.Robustness.Model.Contract;

/// <summary>Two contracts of two processes, each with its own table and one entry; each table has one writer that commits once.</summary>
public struct ContractState
{
    /// <summary>Positions written, and applied by the invalidator.</summary>
    public sbyte Written, Lo;

    /// <summary>The highest number given out; the watermark's number.</summary>
    public sbyte Numbers, Honoured;

    public bool LineageChanged;
    public Pair<Contract> Contracts;
    public Pair<Table> Tables;
}

public enum ContractAt : byte
{
    New,

    /// <summary>Its row has a number; the inserting transaction is open.</summary>
    Inserting,
    Announced,
    Ended,
}

public enum NodeState : byte
{
    /// <summary>`changes` has not got to it.</summary>
    Unknown,
    Lsn,
    Refused,
}

public struct Contract
{
    public ContractAt At;
    public NodeState Node;

    /// <summary>Whether the live lineage derives keys from it.</summary>
    public bool IsLoaded;
    public sbyte Number, Lsn;

    /// <summary>The entry: none, of the old row, of the new row.</summary>
    public ItemIs Item;
}

public enum ItemIs : byte
{
    Absent,
    Old,
    New,
}

public enum WriterAt : byte
{
    Idle,

    /// <summary>Wrote before the table was in the publication: its change will not be in the stream.</summary>
    WroteUnpublished,
    WrotePublished,
    Committed,
}

public struct Table
{
    public bool IsPublished, ChangeIsInStream;
    public WriterAt Writer;
    public sbyte CommittedAt;
}
