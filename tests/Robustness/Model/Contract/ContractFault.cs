namespace InstaGrpc.Robustness.Model.Contract;

public enum ContractFault
{
    None,

    /// <summary>The watermark takes a number before the node's LSN is known.</summary>
    HonouredBeforePublished,

    /// <summary>The table joins the publication without a lock, beside an open transaction that has written to it.</summary>
    PublishedWithoutLock,

    /// <summary>Numbers come from a sequence instead of a locked counter row: they may commit out of order.</summary>
    NumbersFromSequence,

    /// <summary>The number of a contract that ended is given to the next one.</summary>
    NumberUsedAgain,

    /// <summary>A process looks at the watermark's number only, not at its own contract's state on the node.</summary>
    RefusedCoveredByNumber,

    /// <summary>The invalidator derives no keys from a contract that it passes over, until it has read that it is published after all.</summary>
    RefusedThenPublished,

    /// <summary>A new lineage goes on without having loaded the contracts up to the watermark's number.</summary>
    LineageWithoutContracts,
}
