using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>A transaction whose Commit has come: its events in order, without positions yet.</summary>
internal sealed class DecodedTransaction
{
    private SortedSet<string>? _bulkTables;

    public required uint Xid { get; init; }

    /// <summary>Where the transaction ends in the WAL.</summary>
    public Lsn End { get; set; }

    /// <summary>µs since 1970.</summary>
    public long CommitTime { get; set; }

    public string Traceparent { get; set; } = "";

    public string Origin { get; set; } = "";

    /// <summary>Rows, truncates and schema changes; empty for a heartbeat, and replaced by one Bulk if it got too large.</summary>
    public List<RowChange> Events { get; private set; } = [];

    /// <summary>About what the events take in memory.</summary>
    public long Bytes { get; private set; }

    public bool IsBulk => _bulkTables is not null;

    public void Add(RowChange change, int bytes)
    {
        Events.Add(change);
        Bytes += bytes;
    }

    /// <summary>From here on only the tables are kept.</summary>
    public void BecomeBulk()
    {
        _bulkTables = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var change in Events)
        {
            _bulkTables.UnionWith(TablesOf(change));
        }

        Events = [];
        Bytes = 0;
    }

    public void AddBulkTable(string table) => _bulkTables!.Add(table);

    public void AddBulkTables(RowChange change) => _bulkTables!.UnionWith(TablesOf(change));

    /// <summary>The records to publish, at least one, in order; positions, predecessors and xid filled in.</summary>
    /// <param name="predecessor">The end of the record before.</param>
    public IReadOnlyList<RowChange> ToRecords(ReplayPosition predecessor, Timeline timeline, ulong xid, ulong system)
    {
        if (_bulkTables is not null)
        {
            Events = [new RowChange { Bulk = new Bulk { Tables = { _bulkTables } } }];
        }
        else if (Events.Count == 0)
        {
            Events = [new RowChange { Heartbeat = new Heartbeat() }];
        }

        var before = predecessor.ToMessage();
        for (var index = 0; index < Events.Count; index++)
        {
            var record = Events[index];
            record.Position = new Position { Timeline = timeline.Value, Lsn = End.Value, Index = (uint)index };
            record.Predecessor = before;
            record.LastInTransaction = index == Events.Count - 1;
            record.Xid = xid;
            record.CommitTimeUs = CommitTime;
            record.System = system;
            record.Traceparent = Traceparent;
            record.Origin = Origin;
            before = record.Position;
        }

        return Events;
    }

    private static IEnumerable<string> TablesOf(RowChange change) => change.EventCase switch
    {
        RowChange.EventOneofCase.Row => [change.Row.Table],
        RowChange.EventOneofCase.Truncate => change.Truncate.Tables,
        RowChange.EventOneofCase.SchemaChange => change.SchemaChange.Tables,
        _ => [],
    };
}
