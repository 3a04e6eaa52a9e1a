using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Gathers pgoutput's messages into transactions. A transaction is held until its Commit has come: only that carries its end, and Begin's
/// position is one that a follower without this very commit reports as replayed.
/// </summary>
/// <param name="isFollowed">Whether a table in a DDL message concerns this stream: a dropped one is named whatever it was.</param>
/// <param name="firstNameOf">The name, if it is followed, that a table had before it was renamed, by oid; else null.</param>
internal sealed class TransactionDecoder(ChangesOptions options, Func<string, bool> isFollowed, Func<uint, string?> firstNameOf)
{
    private const int OverheadOfRecord = 120;
    private const int OverheadOfColumn = 56;

    private readonly Dictionary<uint, TableShape> _tables = [];

    public async IAsyncEnumerable<DecodedTransaction> DecodeAsync(
        IAsyncEnumerable<PgOutputReplicationMessage> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        DecodedTransaction? transaction = null;
        await foreach (var message in messages.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            switch (message)
            {
                case BeginMessage begin:
                    transaction = new DecodedTransaction { Xid = begin.TransactionXid };
                    break;
                case CommitMessage commit:
                    var ended = transaction ?? throw new InvalidOperationException("pgoutput sent a Commit without a Begin.");
                    ended.End = new Lsn((ulong)commit.TransactionEndLsn);
                    var sinceEpoch = commit.TransactionCommitTimestamp.ToUniversalTime() - DateTime.UnixEpoch;
                    ended.CommitTime = sinceEpoch.Ticks / TimeSpan.TicksPerMicrosecond;
                    transaction = null;
                    yield return ended;
                    break;
                case RelationMessage relation:
                    _tables[relation.RelationId] = TableShape.Of(relation);
                    break;
                case OriginMessage origin when transaction is not null:
                    transaction.Origin = origin.OriginName;
                    break;
                case LogicalDecodingMessage logical:
                    // Each is read to its end, wanted or not: the stream goes on behind it.
                    await TakeMessageAsync(transaction, logical, cancellationToken).ConfigureAwait(false);
                    break;
                case TruncateMessage truncate when transaction is not null:
                    Add(transaction, new RowChange
                    {
                        Truncate = new Truncate { Tables = { truncate.Relations.Select(relation => TableOf(relation).Name) } },
                    });
                    break;
                case InsertMessage or UpdateMessage or DeleteMessage when transaction is not null:
                    await TakeRowAsync(transaction, message, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    // Type messages, and what later versions add.
                    break;
            }
        }
    }

    private async ValueTask TakeRowAsync(DecodedTransaction transaction, PgOutputReplicationMessage message,
        CancellationToken cancellationToken)
    {
        var table = TableOf(message switch
        {
            InsertMessage insert => insert.Relation,
            UpdateMessage update => update.Relation,
            DeleteMessage delete => delete.Relation,
            _ => throw new InvalidOperationException($"{message.GetType()} is no row."),
        });
        if (transaction.IsBulk)
        {
            transaction.AddBulkTable(table.Name);
            return;
        }

        var row = new Row { Table = table.Name };
        var bytes = OverheadOfRecord;
        // A message's tuples come one after the other, the old one first.
        switch (message)
        {
            case InsertMessage insert:
                row.Operation = RowOperation.Insert;
                bytes += await ReadAsync(insert.NewRow, table, row.New, keyOnly: false, cancellationToken).ConfigureAwait(false);
                break;
            case IndexUpdateMessage update:
                row.Operation = RowOperation.Update;
                bytes += await ReadAsync(update.Key, table, row.Old, keyOnly: true, cancellationToken).ConfigureAwait(false);
                bytes += await ReadAsync(update.NewRow, table, row.New, keyOnly: false, cancellationToken).ConfigureAwait(false);
                break;
            case FullUpdateMessage update:
                row.Operation = RowOperation.Update;
                bytes += await ReadAsync(update.OldRow, table, row.Old, keyOnly: false, cancellationToken).ConfigureAwait(false);
                bytes += await ReadAsync(update.NewRow, table, row.New, keyOnly: false, cancellationToken).ConfigureAwait(false);
                break;
            case UpdateMessage update:
                row.Operation = RowOperation.Update;
                bytes += await ReadAsync(update.NewRow, table, row.New, keyOnly: false, cancellationToken).ConfigureAwait(false);
                break;
            case KeyDeleteMessage delete:
                row.Operation = RowOperation.Delete;
                bytes += await ReadAsync(delete.Key, table, row.Old, keyOnly: true, cancellationToken).ConfigureAwait(false);
                break;
            case FullDeleteMessage delete:
                row.Operation = RowOperation.Delete;
                bytes += await ReadAsync(delete.OldRow, table, row.Old, keyOnly: false, cancellationToken).ConfigureAwait(false);
                break;
        }

        var change = new RowChange { Row = row };
        transaction.Add(change, bytes);
        if (transaction.Bytes > options.BulkBytes || bytes > options.MaxRecordBytes)
        {
            transaction.BecomeBulk();
        }
    }

    private static async ValueTask<int> ReadAsync(
        ReplicationTuple tuple, TableShape table, ICollection<Column> columns, bool keyOnly, CancellationToken cancellationToken)
    {
        var bytes = 0;
        var index = 0;
        await foreach (var value in tuple.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            var shape = table.Columns[index++];
            if (keyOnly && !shape.InKey)
            {
                // A key tuple has a place for every column, and nulls where it knows nothing.
                continue;
            }

            var column = new Column { Name = shape.Name, Type = shape.Type };
            switch (value.Kind)
            {
                case TupleDataKind.Null:
                    column.Null = true;
                    break;
                case TupleDataKind.UnchangedToastedValue:
                    column.Unchanged = true;
                    break;
                default:
                    column.Text = await value.Get<string>(cancellationToken).ConfigureAwait(false);
                    bytes += column.Text.Length * 2;
                    break;
            }

            columns.Add(column);
            bytes += OverheadOfColumn;
        }

        return bytes;
    }

    private async ValueTask TakeMessageAsync(DecodedTransaction? transaction, LogicalDecodingMessage logical,
        CancellationToken cancellationToken)
    {
        var prefix = logical.Prefix;
        using var reader = new StreamReader(logical.Data, Encoding.UTF8);
        var content = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (transaction is null)
        {
            return;
        }

        if (prefix == "insta.trace" && content.Length <= 64)
        {
            transaction.Traceparent = content;
        }
        else if (prefix == "insta.ddl" && SchemaChangeOf(content) is { } change)
        {
            Add(transaction, new RowChange { SchemaChange = change });
        }
    }

    /// <summary>Null if it concerns no followed table, or is not ours.</summary>
    private SchemaChange? SchemaChangeOf(string content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            var tables = json.RootElement.GetProperty("tables").EnumerateArray()
                .Select(table => table.GetString()!)
                .Where(isFollowed)
                .Union(json.RootElement.TryGetProperty("oids", out var oids)
                    ? oids.EnumerateArray().Select(oid => oid.TryGetUInt32(out var table) ? firstNameOf(table) : null).OfType<string>()
                    : [])
                .ToList();
            return tables.Count == 0
                ? null
                : new SchemaChange { Command = json.RootElement.GetProperty("command").GetString()!, Tables = { tables } };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // Anybody may emit messages. What can't be read might have been about any table, so it counts.
            return new SchemaChange { Command = "unknown" };
        }
    }

    private static void Add(DecodedTransaction transaction, RowChange change)
    {
        if (transaction.IsBulk)
        {
            transaction.AddBulkTables(change);
        }
        else
        {
            transaction.Add(change, OverheadOfRecord);
        }
    }

    private TableShape TableOf(RelationMessage relation) =>
        _tables.TryGetValue(relation.RelationId, out var table) ? table : _tables[relation.RelationId] = TableShape.Of(relation);
}
