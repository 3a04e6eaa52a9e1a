using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching;

/// <summary>Announces this process's contracts in the directory, renews them each minute and watches where they are honoured.</summary>
public sealed class ContractAnnouncer : IContractNumbers
{
    /// <inheritdoc/>
    public int Version => throw new NotImplementedException();

    /// <inheritdoc/>
    public AnnouncedKey? Find(string method, NodeName node) => throw new NotImplementedException();
}
