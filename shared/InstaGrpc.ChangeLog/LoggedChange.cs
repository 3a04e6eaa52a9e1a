using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>A record of the stream with its place in Kafka.</summary>
/// <param name="Change">The record.</param>
/// <param name="Offset">Kafka's offset: a hint, nothing more.</param>
/// <param name="Bytes">Size of the record's value.</param>
public readonly record struct LoggedChange(RowChange Change, long Offset, int Bytes)
{
    /// <summary>Where a reader stands who has applied this record: the whole transaction if it is the transaction's last one.</summary>
    public ReplayPosition End => Change.EndPosition();
}
