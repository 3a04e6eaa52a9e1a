namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>A group is a true part of the key: its fields are bound, the others are not.</summary>
internal sealed class GroupValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is not { Batch: null, Group.Count: > 0 } cache)
        {
            return;
        }

        var key = draft.KeyNames.ToArray();
        foreach (var name in cache.Group.Where(g => !key.Contains(g)))
        {
            faults.Add(draft.Fault($"cache.group has \"{name}\", which is not in cache.key",
                name == KeyField.CallerName ? "write `vary_by_caller: true`, or remove it" : "add it to cache.key, or remove it"));
        }

        foreach (var repeated in cache.Group.GroupBy(k => k).Where(g => g.Count() > 1))
        {
            faults.Add(draft.Fault($"cache.group names \"{repeated.Key}\" {repeated.Count()} times", "name it once"));
        }

        if (key.All(cache.Group.Contains))
        {
            faults.Add(draft.Fault("cache.group has every field of cache.key", "remove group: without unbound fields it is no list"));
        }
    }
}
