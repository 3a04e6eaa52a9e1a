using InstaGrpc.Contracts.ChangesV1;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// The newest record of the topic, when the slot begins before it: it must come out of the WAL again. If another transaction ends there, or none, the WAL is not
/// the one that the topic was made of: an old copy of the data came back on the same timeline, and has grown past the topic's end before anybody looked. Then
/// what the topic holds from the slot on never happened, and what is published at those positions would be skipped as known: so nothing is published until
/// this is known.
/// </summary>
internal sealed class TopicEnd(RowChange newest, long mostBytes)
{
    private long _bytes;

    /// <summary>Null: not known yet.</summary>
    public bool? IsOfThisWal { get; private set; }

    /// <summary>The slot's next transaction, published or not.</summary>
    public void Meet(DecodedTransaction transaction)
    {
        if (IsOfThisWal is not null)
        {
            return;
        }

        _bytes += transaction.Bytes;
        if (transaction.End.Value == newest.Position.Lsn)
        {
            IsOfThisWal = transaction.Xid == unchecked((uint)newest.Xid) && transaction.CommitTime == newest.CommitTimeUs;
        }
        else if (transaction.End.Value > newest.Position.Lsn || _bytes > mostBytes)
        {
            // Too much to hold back: to say that the topic broke off costs refills, and no more.
            IsOfThisWal = false;
        }
    }
}
