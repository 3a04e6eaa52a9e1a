namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Times to live and limits of staleness that the protocol can keep.</summary>
internal sealed class CacheTimesValidator : IContractValidator
{
    private const uint LongestTtlSeconds = 30 * 24 * 3600; // above, memcached reads a TTL as a date
    private const uint LongestStaleMs = 24 * 3600 * 1000;
    private const uint ShortestStaleMs = 200;

    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Cache is not { Batch: null } cache)
        {
            return;
        }

        if (cache.TtlSeconds is 0 or > LongestTtlSeconds)
        {
            faults.Add(draft.Fault($"cache.ttl_seconds is {cache.TtlSeconds}", $"write 1 to {LongestTtlSeconds}"));
        }

        if (cache.MaxStaleMs is > 0 and < ShortestStaleMs or > LongestStaleMs)
        {
            faults.Add(draft.Fault($"cache.max_stale_ms is {cache.MaxStaleMs}",
                $"write 0 (a stale value is never served) or {ShortestStaleMs} to {LongestStaleMs}"));
        }

        if (cache.MaxStaleMs != 0 && cache.Group.Count > 0)
        {
            faults.Add(draft.Fault($"cache.max_stale_ms is {cache.MaxStaleMs} beside cache.group",
                "write 0: a list's pages are never served stale"));
        }

        if (cache.L1TtlMs > cache.TtlSeconds * 1000UL)
        {
            faults.Add(draft.Fault($"cache.l1_ttl_ms ({cache.L1TtlMs}) is above cache.ttl_seconds ({cache.TtlSeconds} s)",
                "lower l1_ttl_ms"));
        }
    }
}
