using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>The positions that a record carries.</summary>
public static class RowChangePositions
{
    /// <summary>Where a reader stands who has applied this record: the whole transaction if it is the transaction's last one.</summary>
    public static ReplayPosition EndPosition(this RowChange change) =>
        change.LastInTransaction
            ? ReplayPosition.EndOf(new Timeline(change.Position.Timeline), new Lsn(change.Position.Lsn))
            : ReplayPosition.FromMessage(change.Position);

    /// <summary>Where a reader must stand at least for this record to be the next one.</summary>
    public static ReplayPosition PredecessorPosition(this RowChange change) => ReplayPosition.FromMessage(change.Predecessor);
}
