using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog.Internal;

/// <summary>
/// Decides for each record of the log, in the log's order, whether it is the next one. Positions decide alone; offsets never do.
///
/// A consumer at P: record &lt;= P: skip. predecessor &lt;= P &lt; record, same timeline and system: apply. Everything else is a gap.
///
/// Two orders need care. When an old copy of the data came back, the publisher's Reset lies <b>behind</b> P although its position is before
/// P: so a Reset that comes after P's own record is a gap whatever its position. When the log is read from its start (the offset kept for P
/// was wrong), such a Reset may lie before P's record, and was then made good for already. Only P's own record tells: until it is seen, a
/// Reset before P is remembered, and if the stream then goes on past P without it, that is a gap.
/// </summary>
internal sealed class StreamFollower(ChangeStart start)
{
    private ReplayPosition? _position = start.Position;
    private ulong _system = start.System;
    private bool _ownRecordSeen;
    private bool _resetPassed;

    public enum Verdict
    {
        Skip,
        Apply,
    }

    /// <summary>Null until the first record, if there was none to start from.</summary>
    public ReplayPosition? Position => _position;

    public ulong System => _system;

    /// <summary>True if the record ends exactly at the position: what comes after it in the log comes after it in the stream.</summary>
    public bool IsOwnRecord(RowChange change) =>
        _position == change.EndPosition() && (_system == 0 || _system == change.System);

    /// <summary>To be called when reading begins anew at the log's start.</summary>
    public void BeginScan()
    {
        _ownRecordSeen = false;
        _resetPassed = false;
    }

    /// <summary>A gap comes before the record, which may still be the next one after it.</summary>
    public Verdict Judge(RowChange change, long offset, out Gap? gap)
    {
        gap = null;
        var end = change.EndPosition();
        if (change.EventCase == RowChange.EventOneofCase.Reset)
        {
            gap = JudgeReset(change, end, offset);
            return Verdict.Skip;
        }

        var predecessor = change.PredecessorPosition();
        if (_position is not { } position)
        {
            gap = Resume(GapReason.NoPosition, predecessor, change, offset - 1, "nothing was applied before");
        }
        else if (_system != 0 && change.System != _system)
        {
            gap = Resume(GapReason.OtherSystem, predecessor, change, offset - 1, $"system {change.System} comes after {_system}");
        }
        else if (end <= position)
        {
            if (end == position)
            {
                _ownRecordSeen = true;
                _resetPassed = false;
            }

            return Verdict.Skip;
        }
        else if (end.Timeline != position.Timeline && position != ReplayPosition.Origin)
        {
            gap = Resume(GapReason.OtherTimeline, predecessor, change, offset - 1, $"{end} comes after {position}");
        }
        else if (predecessor > position)
        {
            gap = Resume(GapReason.Missing, predecessor, change, offset - 1,
                $"at {position}, but the next record goes on from {predecessor}");
        }
        else if (_resetPassed && !_ownRecordSeen)
        {
            gap = Resume(GapReason.Reset, predecessor, change, offset - 1, $"a reset may lie between {position} and {end}");
        }

        _position = end;
        _system = change.System;
        _ownRecordSeen = true;
        return Verdict.Apply;
    }

    private Gap? JudgeReset(RowChange reset, ReplayPosition own, long offset)
    {
        var sameSystem = _system == 0 || reset.System == _system;
        if (sameSystem && _position is { } position)
        {
            if (own == position)
            {
                _ownRecordSeen = true;
                _resetPassed = false;
                return null;
            }

            if (own < position && !_ownRecordSeen)
            {
                _resetPassed = true;
                return null;
            }
        }

        return Resume(GapReason.Reset, own, reset, offset, reset.Reset.Reason);
    }

    private Gap Resume(GapReason reason, ReplayPosition from, RowChange record, long offsetHint, string detail)
    {
        _position = from;
        _system = record.System;
        _ownRecordSeen = true;
        _resetPassed = false;
        return new Gap(reason, from, record.System, offsetHint, detail);
    }
}
