using Google.Protobuf.Reflection;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Npgsql;
using KeyField = InstaGrpc.Contracts.KeyField;

namespace InstaGrpc.Caching.Internal;

/// <summary>Finds how the bound fields of a contract are encoded: by their columns' types. What only the tables show is found here.</summary>
internal static class BoundTypes
{
    private const string Sql = """
        SELECT a.attname, a.atttypid, coalesce(c.collisdeterministic, true)
        FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
        WHERE a.attrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) AND a.attnum > 0 AND NOT a.attisdropped
        """;

    /// <summary>The types in the order of the bound fields; null with the fault where the contract can't be cached.</summary>
    /// <exception cref="NodeUnavailableException">No node that could be asked has the table, and one could not be asked.</exception>
    public static async ValueTask<(IReadOnlyList<KeyType>? Types, string? Fault)> FindAsync(
        MethodContract contract, NodePool pool, CancellationToken cancellation)
    {
        var policy = contract.Policy.Cache!;
        var types = new KeyType[policy.BoundFields.Count];
        foreach (var dependency in policy.DependsOn)
        {
            var columns = await ColumnsAsync(dependency, pool, cancellation).ConfigureAwait(false);
            if (columns is null)
            {
                return (null, $"no node has the table {dependency.Table}: create it, or correct depends_on");
            }

            for (var i = 0; i < types.Length; i++)
            {
                var (field, column) = (policy.BoundFields[i], dependency.Columns[i]);
                var where = $"{dependency.Table}.{column}";
                if (!columns.TryGetValue(column, out var type))
                {
                    return (null, $"there is no column {where}: create it, or correct the binding of \"{field.Name}\"");
                }

                if (TypeOf(type.Oid, type.Deterministic) is not { } encoded)
                {
                    return (null, $"{where} is not smallint, integer, bigint, boolean, uuid, or text/varchar with a deterministic collation: "
                        + "another spelling of the same value would make another key");
                }

                if (!Fits(field, encoded))
                {
                    return (null, $"\"{field.Name}\" can't be compared with {where} by one spelling: give the field the column's type");
                }

                if (types[i] != KeyType.Unspecified && types[i] != encoded)
                {
                    return (null, $"\"{field.Name}\" is bound to columns of different types, {where} among them: bind it to one type");
                }

                types[i] = encoded;
            }
        }

        return (types, null);
    }

    private static KeyType? TypeOf(uint oid, bool deterministic) => oid switch
    {
        20 or 21 or 23 => KeyType.Integer,
        16 => KeyType.Boolean,
        2950 => KeyType.Uuid,
        25 or 1043 when deterministic => KeyType.Text,
        _ => null,
    };

    private static bool Fits(KeyField field, KeyType type) => field.IsCaller
        ? type == KeyType.Integer
        : field.Path!.Field.FieldType switch
        {
            FieldType.Bool => type == KeyType.Boolean,
            FieldType.String => type is KeyType.Text or KeyType.Uuid,
            FieldType.Bytes or FieldType.Float or FieldType.Double => false,
            _ => type == KeyType.Integer,
        };

    private static async ValueTask<Dictionary<string, (uint Oid, bool Deterministic)>?> ColumnsAsync(
        TableDependency table, NodePool pool, CancellationToken cancellation)
    {
        NodeUnavailableException? silent = null;
        foreach (var node in pool.AllNodes)
        {
            try
            {
                if (await ColumnsAsync(table, pool, node, cancellation).ConfigureAwait(false) is { Count: > 0 } columns)
                {
                    return columns;
                }
            }
            catch (NodeUnavailableException e)
            {
                silent = e;
            }
        }

        return silent is null ? null : throw silent;
    }

    private static async ValueTask<Dictionary<string, (uint Oid, bool Deterministic)>> ColumnsAsync(
        TableDependency table, NodePool pool, NodeName node, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table.Schema });
        command.Parameters.Add(new NpgsqlParameter { Value = table.Name });
        var columns = new Dictionary<string, (uint, bool)>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            columns[reader.GetString(0)] = (reader.GetFieldValue<uint>(1), reader.GetBoolean(2));
        }

        return columns;
    }
}
