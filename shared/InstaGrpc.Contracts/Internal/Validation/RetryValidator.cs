namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Only what may happen twice is repeated, and not without end.</summary>
internal sealed class RetryValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        if (draft.Declared.Retry is not { } retry)
        {
            return;
        }

        if (!draft.IsRepeatable)
        {
            faults.Add(draft.Fault("retry on a method that may have side effects",
                "add `option idempotency_level = IDEMPOTENT` (and make it so), or remove retry"));
        }

        if (retry.MaxAttempts is < 2 or > 5)
        {
            faults.Add(draft.Fault($"retry.max_attempts is {retry.MaxAttempts}", "write 2 to 5"));
        }

        var initial = retry.InitialBackoffMs == 0 ? 10 : retry.InitialBackoffMs;
        var max = retry.MaxBackoffMs == 0 ? 1000 : retry.MaxBackoffMs;
        if (max < initial)
        {
            faults.Add(draft.Fault($"retry.max_backoff_ms ({max}) is below retry.initial_backoff_ms ({initial})",
                "raise max_backoff_ms or lower initial_backoff_ms"));
        }
    }
}
