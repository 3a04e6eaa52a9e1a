namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>One node's page of the <see cref="ContractBook"/>.</summary>
internal sealed class NodeContractBook(ContractBook book, NodeContracts current)
{
    private volatile NodeContracts _current = current;

    /// <summary>The newest; take it once for a batch.</summary>
    public NodeContracts Current
    {
        get => _current;
        set => _current = value;
    }

    public Task ReloadAsync(CancellationToken cancellation) => book.ReloadAsync(cancellation);
}
