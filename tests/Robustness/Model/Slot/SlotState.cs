namespace InstaGrpc.Robustness.Model.Slot;

/// <summary>
/// Two transactions on two rows of one answer: a value is the set of commits that it includes, as bits.
/// </summary>
public struct SlotState
{
    public Pair<Transaction> Transactions;
    public sbyte Xids, Written, Losses;

    public bool HasSlot, ResetSent, HasGeneration;

    /// <summary>What the slot decodes begins after this position; xmax when it was made.</summary>
    public sbyte SlotBegins, Xmax;

    public sbyte Published, Lo;

    public bool HasItem;
    public byte Item, Read;
    public ReaderAt Reader;
    public bool HasLease;
}

public enum TransactionAt : byte
{
    None,
    Open,
    Written,
    Visible,
}

/// <summary>Position: the order in which the commit record was written. Xid: the order in which transactions began.</summary>
public struct Transaction
{
    public TransactionAt At;
    public sbyte Xid, Position;
}

public enum ReaderAt : byte
{
    Idle,
    Won,
    HasValue,
}
