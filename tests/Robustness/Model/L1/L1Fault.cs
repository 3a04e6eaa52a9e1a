namespace InstaGrpc.Robustness.Model.L1;

public enum L1Fault
{
    None,

    /// <summary>The drop is sent with hi, before the key is invalidated.</summary>
    DropBeforeMark,

    /// <summary>What was read goes into L1 whatever was dropped meanwhile.</summary>
    InsertWithoutCounter,

    /// <summary>The entry carries lo as it was after the hit.</summary>
    LoReadAfterGet,

    /// <summary>A new watch stream begins without raising the counters.</summary>
    ConnectWithoutRaisingCounters,

    /// <summary>A look-up compares the counter first, and then asks whether the stream is on.</summary>
    CounterBeforeStream,

    /// <summary>L1 answers although its stream comes from a lineage that was replaced.</summary>
    StreamOfAnotherOwner,
}
