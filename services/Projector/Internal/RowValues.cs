using System.Globalization;
using InstaGrpc.Contracts.ChangesV1;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>Reads the columns of a row record. Bound columns are in the replica identity, so the old value is there whenever it
/// differed.</summary>
internal static class RowValues
{
    /// <exception cref="InvalidDataException">The column is not published, or null.</exception>
    public static long NewId(this Row row, string column) => Id(Find(row.New, column) ?? Find(row.Old, column), row, column);

    public static long OldId(this Row row, string column) => Id(Find(row.Old, column) ?? Find(row.New, column), row, column);

    public static bool NewFlag(this Row row, string column) => Flag(Find(row.New, column) ?? Find(row.Old, column), row, column);

    public static bool OldFlag(this Row row, string column) => Flag(Find(row.Old, column) ?? Find(row.New, column), row, column);

    /// <summary>False for an UPDATE whose identity did not change: its old row is not sent, and nothing that we derive depends on
    /// more.</summary>
    public static bool HasOld(this Row row) => row.Old.Count > 0;

    private static Column? Find(IEnumerable<Column> columns, string name)
    {
        foreach (var column in columns)
        {
            if (column.Name == name && column.ValueCase != Column.ValueOneofCase.Unchanged)
            {
                return column;
            }
        }

        return null;
    }

    private static long Id(Column? column, Row row, string name) =>
        column is { ValueCase: Column.ValueOneofCase.Text }
        && long.TryParse(column.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new InvalidDataException($"A record of table {row.Table} lacks column {name}.");

    private static bool Flag(Column? column, Row row, string name) =>
        column is { ValueCase: Column.ValueOneofCase.Text }
            ? column.Text == "t"
            : throw new InvalidDataException($"A record of table {row.Table} lacks column {name}.");
}
