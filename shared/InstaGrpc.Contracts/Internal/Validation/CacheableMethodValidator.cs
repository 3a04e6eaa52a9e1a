namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Only an answer that can be given twice is cached: unary, NO_SIDE_EFFECTS, and by a user where it varies by user.</summary>
internal sealed class CacheableMethodValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is null)
        {
            return;
        }

        if (!draft.IsUnary)
        {
            faults.Add(draft.Fault("cache on a streaming method", "remove cache, or make the method unary"));
        }

        if (!draft.HasNoSideEffects)
        {
            faults.Add(draft.Fault("cache on a method that may have side effects",
                "add `option idempotency_level = NO_SIDE_EFFECTS` (and make it so), or remove cache"));
        }

        // A caller without a user id has no key of its own, and would fall back to somebody else's.
        if (draft.Cache.VaryByCaller && !draft.Declared.Allow.All(a => a == "user"))
        {
            faults.Add(draft.Fault("cache.vary_by_caller on a method that callers without a user may call",
                "write `allow: \"user\"`, or remove vary_by_caller"));
        }
    }
}
