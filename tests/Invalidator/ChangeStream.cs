using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Invalidator.Tests;

/// <summary>Writes a node's stream by hand: one record a transaction, positions that go on, predecessors that fit.</summary>
internal sealed class ChangeStream(ChangeLogClient log, NodeName node, ulong system = 4711) : IAsyncDisposable
{
    private readonly ChangeProducer _producer = log.OpenProducer(node);
    private ulong _lsn = 1000;

    public Timeline Timeline { get; } = new(1);

    /// <summary>The end of the newest record.</summary>
    public ReplayPosition End => ReplayPosition.EndOf(Timeline, new Lsn(_lsn));

    public Task<ReplayPosition> HeartbeatAsync() => ProduceAsync(new RowChange { Heartbeat = new Heartbeat() });

    public Task<ReplayPosition> UpdateAsync(string table, params (string Column, string? Value)[] row) =>
        ProduceAsync(new RowChange { Row = Row(RowOperation.Update, table, row, []) });

    public Task<ReplayPosition> UpdateTracedAsync(string traceparent, string table, params (string Column, string? Value)[] row) =>
        ProduceAsync(new RowChange { Traceparent = traceparent, Row = Row(RowOperation.Update, table, row, []) });

    public Task<ReplayPosition> UpdateAsync(string table, (string Column, string? Value)[] row, (string Column, string? Value)[] old) =>
        ProduceAsync(new RowChange { Row = Row(RowOperation.Update, table, row, old) });

    public Task<ReplayPosition> InsertAsync(string table, params (string Column, string? Value)[] row) =>
        ProduceAsync(new RowChange { Row = Row(RowOperation.Insert, table, row, []) });

    public Task<ReplayPosition> DeleteAsync(string table, params (string Column, string? Value)[] old) =>
        ProduceAsync(new RowChange { Row = Row(RowOperation.Delete, table, [], old) });

    public Task<ReplayPosition> TruncateAsync(string table) => ProduceAsync(new RowChange { Truncate = new Truncate { Tables = { table } } });

    /// <summary>A transaction that nobody will ever see: what is lost on the way.</summary>
    public void Lose() => _lsn += 100;

    private async Task<ReplayPosition> ProduceAsync(RowChange change)
    {
        change.Predecessor = End.ToMessage();
        _lsn += 100;
        change.Position = new ReplayPosition(Timeline, new Lsn(_lsn), 0).ToMessage();
        change.LastInTransaction = true;
        change.Xid = _lsn;
        change.System = system;
        change.CommitTimeUs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        await _producer.ProduceAsync(change, CancellationToken.None);
        await _producer.FlushAsync(CancellationToken.None);
        return End;
    }

    private static Row Row(RowOperation operation, string table, (string Column, string? Value)[] row, (string Column, string? Value)[] old)
    {
        var result = new Row { Operation = operation, Table = table };
        result.New.AddRange(row.Select(ToColumn));
        result.Old.AddRange(old.Select(ToColumn));
        return result;
    }

    private static Column ToColumn((string Column, string? Value) column) => column.Value is null
        ? new Column { Name = column.Column, Null = true }
        : new Column { Name = column.Column, Text = column.Value };

    public ValueTask DisposeAsync() => _producer.DisposeAsync();
}
