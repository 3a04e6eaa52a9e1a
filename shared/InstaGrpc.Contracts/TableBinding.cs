using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Internal.Validation;

namespace InstaGrpc.Contracts;

/// <summary>
/// Compares what a contract binds with the tables of a node: every bound column exists, a DELETE carries it, and its values have one
/// spelling. A contract with a fault stays uncached on that node.
/// </summary>
public static class TableBinding
{
    /// <summary>Checks one cached method against one node's tables.</summary>
    /// <param name="contract">A method whose policy declares a cache.</param>
    /// <param name="find">The facts of a table by the name that the contract uses; null: no such table.</param>
    public static BoundKey Resolve(MethodContract contract, Func<string, TableFacts?> find)
    {
        var cache = contract.Policy.Cache ?? throw new ArgumentException($"{contract.FullName} declares no cache.", nameof(contract));
        var faults = new List<ContractFault>();
        var types = new KeyType?[cache.BoundFields.Count];
        foreach (var dependency in cache.DependsOn)
        {
            var table = find(dependency.Table);
            if (table is null)
            {
                Add($"table \"{dependency.Table}\" does not exist on this node", "create it, or correct depends_on.table");
                continue;
            }

            if (table.Unpublishable is { } reason)
            {
                Add($"\"{dependency.Table}\" {reason}, so its changes are not in the stream",
                    "depend on the ordinary tables that it is made of");
            }

            for (var i = 0; i < cache.BoundFields.Count; i++)
            {
                Check(cache.BoundFields[i], table, dependency.Columns[i], ref types[i]);
            }
        }

        return new BoundKey(faults.Count == 0 ? [.. types.Select(t => t!.Value)] : [], faults);

        void Check(KeyField field, TableFacts table, string name, ref KeyType? type)
        {
            if (table.Find(name) is not { } column)
            {
                Add($"table \"{table.Name}\" has no column \"{name}\"", "correct the binding, or add the column");
                return;
            }

            if (!column.InReplicaIdentity)
            {
                Add($"column \"{name}\" of \"{table.Name}\" is not in the table's replica identity: a DELETE would not carry it",
                    $"make a unique index over NOT NULL columns with it and run ALTER TABLE {table.Name} REPLICA IDENTITY USING INDEX …, "
                    + $"or ALTER TABLE {table.Name} REPLICA IDENTITY FULL");
            }

            if (!column.HasDeterministicCollation)
            {
                Add($"column \"{name}\" of \"{table.Name}\" has a nondeterministic collation: another spelling of one value "
                    + $"would be another key",
                    "give it a deterministic collation");
            }

            if (TypeOf(column.Type) is not { } found)
            {
                Add($"column \"{name}\" of \"{table.Name}\" is {column.Type}",
                    "bind smallint, integer, bigint, boolean, uuid, text or varchar");
                return;
            }

            if (!Fits(field, found))
            {
                Add($"field \"{field.Name}\" ({FieldTypeName(field)}) is bound to column \"{name}\" of \"{table.Name}\" ({column.Type})",
                    "bind a column of the field's type: integers to integers, bool to boolean, string to text, varchar or uuid");
                return;
            }

            if (type is { } before && before != found)
            {
                Add($"field \"{field.Name}\" is bound to columns of different types ({before} and {found})", "bind columns of one type");
                return;
            }

            type = found;
        }

        void Add(string problem, string fix) =>
            faults.Add(new ContractFault(contract.Descriptor.File.Name, contract.FullName, problem, fix));
    }

    private static KeyType? TypeOf(string column) => column switch
    {
        "int2" or "int4" or "int8" => KeyType.Integer,
        "bool" => KeyType.Boolean,
        "uuid" => KeyType.Uuid,
        "text" or "varchar" => KeyType.Text,
        _ => null,
    };

    private static bool Fits(KeyField field, KeyType column) => field.Path?.Field.FieldType switch
    {
        null => column == KeyType.Integer,
        FieldType.Bool => column == KeyType.Boolean,
        FieldType.String => column is KeyType.Text or KeyType.Uuid,
        FieldType.Bytes or FieldType.Float or FieldType.Double => false,
        _ => column == KeyType.Integer,
    };

    private static string FieldTypeName(KeyField field) => field.Path is null ? "the caller's user id" : TypeName.Of(field.Path.Field);
}
