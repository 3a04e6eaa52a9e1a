using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Every dependency binds every key field (of a list: every group field) to a column, once.</summary>
internal sealed class DependencyValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is not { Batch: null } cache)
        {
            return;
        }

        if (cache.DependsOn.Count == 0)
        {
            faults.Add(draft.Fault("cache without depends_on: nothing would ever make the answer stale",
                "declare each table that the handler reads"));
        }

        var bound = draft.BoundNames.ToArray();
        foreach (var dependency in cache.DependsOn)
        {
            if (!IsTableName(dependency.Table))
            {
                faults.Add(draft.Fault($"depends_on.table is \"{dependency.Table}\"", "write \"table\", or \"schema.table\""));
            }

            Bindings(draft, dependency, bound, faults);
        }

        foreach (var table in cache.DependsOn.GroupBy(d => (d.Table, string.Join(',', d.Bind.Select(b => b.Column))))
            .Where(g => g.Count() > 1))
        {
            faults.Add(draft.Fault($"depends_on declares table \"{table.Key.Table}\" twice with the same columns", "declare it once"));
        }

        foreach (var name in bound)
        {
            if (name != KeyField.CallerName && FieldPath.Resolve(draft.Method.InputType, name, out _) is { IsScalar: true } field
                && field.Field.FieldType == FieldType.Bytes)
            {
                faults.Add(draft.Fault($"bound field \"{name}\" is {TypeName.Of(field.Field)}, which no column that can be bound holds",
                    "bind integers, booleans and strings (also for uuid columns) only"));
            }
        }
    }

    private static void Bindings(
        ContractDraft draft, OptionsV1.Dependency dependency, string[] bound, ICollection<ContractFault> faults)
    {
        foreach (var binding in dependency.Bind)
        {
            if (binding.Field == KeyField.CallerName && !draft.Cache!.VaryByCaller)
            {
                faults.Add(draft.Fault($"depends_on \"{dependency.Table}\" binds \"@caller\", but the answer does not vary by caller",
                    "write `vary_by_caller: true`, or remove the binding"));
            }
            else if (!bound.Contains(binding.Field))
            {
                faults.Add(draft.Fault($"depends_on \"{dependency.Table}\" binds \"{binding.Field}\", which is no field of "
                    + (draft.Cache!.Group.Count > 0 ? "cache.group" : "cache.key"), "remove the binding, or add the field"));
            }

            if (binding.Column.Length == 0)
            {
                faults.Add(draft.Fault($"depends_on \"{dependency.Table}\" binds \"{binding.Field}\" to no column", "name the column"));
            }
        }

        foreach (var name in bound)
        {
            var times = dependency.Bind.Count(b => b.Field == name);
            if (times != 1)
            {
                faults.Add(draft.Fault(
                    times == 0
                        ? $"depends_on \"{dependency.Table}\" does not bind \"{name}\": a changed row would not give the keys "
                            + $"that it makes stale"
                        : $"depends_on \"{dependency.Table}\" binds \"{name}\" {times} times",
                    times == 0
                        ? $"add `bind {{ field: \"{name}\" column: … }}`, or declare the bound fields as cache.group"
                        : "bind it once; for a second column declare the table a second time"));
            }
        }
    }

    private static bool IsTableName(string table)
    {
        var parts = table.Split('.');
        return parts.Length is 1 or 2 && parts.All(p => p.Length is > 0 and <= 63);
    }
}
