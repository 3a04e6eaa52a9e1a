namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>A shard_key is an int64 id of the request, known before the handler runs.</summary>
internal sealed class ShardKeyValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        var path = draft.Declared.ShardKey;
        if (path.Length == 0)
        {
            return;
        }

        if (draft.Method.IsClientStreaming)
        {
            faults.Add(draft.Fault("shard_key on a method whose request is a stream", "remove shard_key; the handler chooses the node"));
            return;
        }

        if (FieldPath.Resolve(draft.Method.InputType, path, out var fault) is not { } field)
        {
            faults.Add(draft.Fault($"shard_key: {fault}", "name an int64 field of the request"));
            return;
        }

        if (!field.IsInt64)
        {
            faults.Add(draft.Fault($"shard_key \"{path}\" is {TypeName.Of(field.Field)}, not an int64 id",
                "name an int64 field of the request"));
        }

        if (draft.Cache is { Batch: null } cache && cache.IgnoredFields.Contains(path))
        {
            faults.Add(draft.Fault($"shard_key \"{path}\" is in cache.ignored_fields, but it chooses where the answer is read",
                "move it to cache.key"));
        }
    }
}
