namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Every <c>allow</c> entry is a rule that is known, and none makes the others pointless.</summary>
internal sealed class AllowValidator : IContractValidator
{
    public void Validate(ContractDraft draft, ICollection<ContractFault> faults)
    {
        foreach (var rule in draft.Declared.Allow.Where(a => AllowRule.Parse(a) is null))
        {
            faults.Add(draft.Fault($"allow has \"{rule}\", which is no rule",
                "write \"anonymous\", \"user\", \"service\", \"service:NAME\" or \"admin\""));
        }

        if (draft.Declared.Allow.Count > 1 && draft.Declared.Allow.Contains("anonymous"))
        {
            faults.Add(draft.Fault("allow has \"anonymous\" beside other rules, which it makes pointless",
                "remove \"anonymous\", or the others"));
        }
    }
}
