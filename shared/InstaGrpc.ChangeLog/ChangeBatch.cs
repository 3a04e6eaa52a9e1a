using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// The next records of a node, in commit order, without a hole; or a <see cref="Gap"/> and no records. May end inside a transaction.
/// Asking for the next batch says that this one is done with.
/// </summary>
public sealed class ChangeBatch
{
    internal ChangeBatch(ReplayPosition from, IReadOnlyList<LoggedChange> changes)
    {
        From = from;
        Changes = changes;
        var last = changes[^1];
        To = last.End;
        Offset = last.Offset;
        System = last.Change.System;
    }

    internal ChangeBatch(Gap gap)
    {
        Gap = gap;
        From = To = gap.ResumeFrom;
        Offset = gap.OffsetHint;
        System = gap.System;
        Changes = [];
    }

    /// <summary>Null: <see cref="Changes"/> go on from the batch before.</summary>
    public Gap? Gap { get; }

    /// <summary>Not empty unless there is a gap. Never holds a Reset: that is a gap.</summary>
    public IReadOnlyList<LoggedChange> Changes { get; }

    /// <summary>The consumer's position before this batch.</summary>
    public ReplayPosition From { get; }

    /// <summary>The consumer's position after it: to be kept, with <see cref="Offset"/> and <see cref="System"/>.</summary>
    public ReplayPosition To { get; }

    /// <summary>Offset of the record that ends at <see cref="To"/>: the hint for <see cref="ChangeStart.After"/>.</summary>
    public long Offset { get; }

    public ulong System { get; }
}
