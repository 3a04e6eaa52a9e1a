using Google.Protobuf.Reflection;

namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Every key field is one scalar of the request, named once.</summary>
internal sealed class CacheKeyValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is not { Batch: null } cache)
        {
            return;
        }

        foreach (var repeated in cache.Key.GroupBy(k => k).Where(g => g.Count() > 1))
        {
            faults.Add(draft.Fault($"cache.key names \"{repeated.Key}\" {repeated.Count()} times", "name it once"));
        }

        foreach (var name in cache.Key.Distinct())
        {
            if (name == KeyField.CallerName)
            {
                faults.Add(draft.Fault("cache.key has \"@caller\"", "write `vary_by_caller: true` instead"));
            }
            else if (FieldPath.Resolve(draft.Method.InputType, name, out var fault) is not { } field)
            {
                faults.Add(draft.Fault($"cache.key: {fault}", "name a scalar field of the request"));
            }
            else if (!field.IsScalar)
            {
                faults.Add(draft.Fault($"cache.key \"{name}\" is {TypeName.Of(field.Field)}", "name scalar fields only"));
            }
            else if (field.Field.FieldType is FieldType.Float or FieldType.Double)
            {
                faults.Add(draft.Fault($"cache.key \"{name}\" is {TypeName.Of(field.Field)}, which has several spellings of one value",
                    "make it an integer or a string"));
            }
        }
    }
}
