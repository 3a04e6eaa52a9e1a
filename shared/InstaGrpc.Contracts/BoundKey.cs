using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Contracts;

/// <summary>How a cached method's bound fields are encoded on one node, or why the method can't be cached there.</summary>
/// <param name="Types">One for each of <see cref="CachePolicy.BoundFields"/>; empty when there are faults.</param>
/// <param name="Faults">Why not; empty: it can.</param>
public sealed record BoundKey(IReadOnlyList<KeyType> Types, IReadOnlyList<ContractFault> Faults);
