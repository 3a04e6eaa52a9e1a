using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog.Tests;

/// <summary>Makes the records of a stream: transactions one after the other, each record with its predecessor.</summary>
internal sealed class Records(uint timeline = 1, ulong system = 7)
{
    private ReplayPosition _last = ReplayPosition.EndOf(new Timeline(timeline), new Lsn(100));

    public ReplayPosition Last => _last;

    public IReadOnlyList<RowChange> Transaction(ulong lsn, int rows = 1, int padding = 0)
    {
        var changes = new List<RowChange>();
        for (var index = 0; index < rows; index++)
        {
            var change = new RowChange
            {
                Position = new ReplayPosition(new Timeline(timeline), new Lsn(lsn), (uint)index).ToMessage(),
                Predecessor = _last.ToMessage(),
                LastInTransaction = index == rows - 1,
                System = system,
                Row = new Row { Operation = RowOperation.Insert, Table = "media" },
            };
            if (padding > 0)
            {
                change.Row.New.Add(new Column { Name = "caption", Type = 25, Text = new string('x', padding) });
            }

            changes.Add(change);
            _last = change.EndPosition();
        }

        return changes;
    }

    public RowChange One(ulong lsn, int padding = 0) => Transaction(lsn, 1, padding)[0];

    public RowChange Reset(ulong lsn)
    {
        _last = ReplayPosition.EndOf(new Timeline(timeline), new Lsn(lsn));
        return new RowChange
        {
            Position = _last.ToMessage(),
            Predecessor = _last.ToMessage(),
            LastInTransaction = true,
            System = system,
            Reset = new Reset { Reason = "the slot was made anew" },
        };
    }
}
