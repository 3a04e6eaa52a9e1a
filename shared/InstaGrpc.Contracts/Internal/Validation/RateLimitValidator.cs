namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>A rate limit lets something through, and is a number.</summary>
internal sealed class RateLimitValidator : IContractValidator
{
    private const int MostPermits = 1_000_000;

    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Declared.RateLimit is not { } limit)
        {
            return;
        }

        if (!(limit.PermitsPerSecond is > 0 and <= MostPermits))
        {
            faults.Add(draft.Fault(FormattableString.Invariant($"rate_limit.permits_per_second is {limit.PermitsPerSecond}"),
                $"write a number above 0 and up to {MostPermits}"));
        }

        if (limit.Burst > MostPermits)
        {
            faults.Add(draft.Fault($"rate_limit.burst is {limit.Burst}", $"write up to {MostPermits}, or 0 for one second's worth"));
        }
    }
}
