using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Caching;

/// <summary>What a reader must know of its own announced contract to make keys.</summary>
/// <param name="Number">The contract's number.</param>
/// <param name="BoundTypes">How each bound field of the key (of a list: of the group) is encoded, in the contract's order: by its column's type.</param>
public sealed record AnnouncedKey(ContractNumber Number, IReadOnlyList<KeyType> BoundTypes);
