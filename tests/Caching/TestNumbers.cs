using InstaGrpc.Contracts;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Caching.Tests;

/// <summary>Announced contracts, as the directory would have them.</summary>
internal sealed class TestNumbers : IContractNumbers
{
    public static readonly ContractNumber All = new(0x7e57, 3);

    private int _version;

    public bool IsAnnounced { get; private set; } = true;

    public int Version => Volatile.Read(ref _version);

    public AnnouncedKey? Find(string method, NodeName node) => IsAnnounced
        ? new AnnouncedKey(All, [.. TestContracts.Catalog[method].Policy.Cache!.BoundFields.Select(_ => KeyType.Integer)])
        : null;

    public void Announce(bool announced)
    {
        IsAnnounced = announced;
        Interlocked.Increment(ref _version);
    }
}
