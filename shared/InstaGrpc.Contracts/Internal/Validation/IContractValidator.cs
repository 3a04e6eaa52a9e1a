namespace InstaGrpc.Contracts.Internal.Validation;

/// <summary>Checks one concern of a declared method and appends what is wrong; never throws, never stops the others.</summary>
internal interface IContractValidator
{
    void Validate(ContractDraft draft, ICollection<ContractFault> faults);
}
