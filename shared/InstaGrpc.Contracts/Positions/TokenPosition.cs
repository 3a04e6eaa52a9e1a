namespace InstaGrpc.Contracts.Positions;

/// <summary>
/// What a write's token says of one node: the timeline and <c>pg_current_wal_flush_lsn()</c>, read after the commit on the same connection.
/// </summary>
public readonly record struct TokenPosition(Timeline Timeline, Lsn Lsn) : IComparable<TokenPosition>
{
    public int CompareTo(TokenPosition other)
    {
        var byTimeline = Timeline.CompareTo(other.Timeline);
        return byTimeline != 0 ? byTimeline : Lsn.CompareTo(other.Lsn);
    }

    /// <summary>The same place as a position: the whole of the transaction that ends there.</summary>
    public ReplayPosition ToReplayPosition() => ReplayPosition.EndOf(Timeline, Lsn);

    /// <summary><c>1/16/B374D848</c>.</summary>
    public override string ToString() => $"{Timeline}/{Lsn}";
}
