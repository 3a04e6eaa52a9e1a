using Npgsql.Replication.PgOutput.Messages;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>A published table as pgoutput last described it; a copy, since Npgsql uses its messages again.</summary>
internal sealed record TableShape(string Name, ColumnShape[] Columns)
{
    public static TableShape Of(RelationMessage relation) => new(
        relation.Namespace == "public" ? relation.RelationName : $"{relation.Namespace}.{relation.RelationName}",
        [.. relation.Columns.Select(column => new ColumnShape(
            column.ColumnName, column.DataTypeId, column.Flags.HasFlag(RelationMessage.Column.ColumnFlags.PartOfKey)))]);
}

/// <param name="InKey">Part of the replica identity.</param>
internal readonly record struct ColumnShape(string Name, uint Type, bool InKey);
