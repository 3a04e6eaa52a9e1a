namespace InstaGrpc.ChangeLog;

/// <summary>Why a consumer can't go on from where it stood.</summary>
public enum GapReason
{
    /// <summary>It stood nowhere: it began without a position.</summary>
    NoPosition,

    /// <summary>Records between its position and the next one are not in the log (trimmed, lost, or never published).</summary>
    Missing,

    /// <summary>The publisher says that the stream is not continued.</summary>
    Reset,

    /// <summary>The next record is of another timeline: there was a promotion.</summary>
    OtherTimeline,

    /// <summary>The next record is of another PostgreSQL system: restored, or made anew.</summary>
    OtherSystem,
}
