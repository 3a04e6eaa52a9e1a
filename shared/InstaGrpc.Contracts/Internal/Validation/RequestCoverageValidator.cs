namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Every request field is part of the key or declared not to matter: else two questions would share an answer.</summary>
internal sealed class RequestCoverageValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is not { } cache)
        {
            return;
        }

        foreach (var name in cache.IgnoredFields.Where(n => draft.Method.InputType.FindFieldByName(n) is null))
        {
            faults.Add(draft.Fault($"cache.ignored_fields has \"{name}\", which {draft.Method.InputType.FullName} has not", "remove it"));
        }

        foreach (var name in cache.IgnoredFields.Where(n => cache.Key.Any(k => k == n || k.StartsWith(n + ".", StringComparison.Ordinal))))
        {
            faults.Add(draft.Fault($"\"{name}\" is in cache.key and in cache.ignored_fields", "remove it from one of them"));
        }

        if (draft.Batch is { } batch)
        {
            // The item method's other key fields come from the batch's request by name.
            var item = draft.Method.Service.Methods.FirstOrDefault(m => m.Name == batch.ItemMethod);
            var keys = item is null ? [] : new ContractDraft(item).Cache?.Key.AsEnumerable() ?? [];
            Uncovered(draft, [batch.RequestField, .. keys], faults);
        }
        else
        {
            Uncovered(draft, [.. cache.Key], faults);
        }
    }

    private static void Uncovered(ContractDraft draft, string[] covered, ICollection<ContractFault> faults)
    {
        foreach (var name in Missing(draft.Method.InputType, string.Empty, covered, draft.Cache!.IgnoredFields))
        {
            faults.Add(draft.Fault($"request field \"{name}\" is neither in cache.key nor in cache.ignored_fields: two "
                + $"questions would share an answer",
                $"add it to cache.key, or to cache.ignored_fields if it does not change the answer"));
        }
    }

    // A message on the way to a key field is covered only when each of its fields is.
    private static IEnumerable<string> Missing(
        Google.Protobuf.Reflection.MessageDescriptor message, string prefix, string[] covered, ICollection<string> ignored)
    {
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var path = prefix + field.Name;
            if (covered.Contains(path) || ignored.Contains(path))
            {
                continue;
            }

            if (covered.Any(c => c.StartsWith(path + ".", StringComparison.Ordinal)) && !field.IsRepeated && field.MessageType is { } inner)
            {
                foreach (var missing in Missing(inner, path + ".", covered, ignored))
                {
                    yield return missing;
                }
            }
            else
            {
                yield return path;
            }
        }
    }
}
