namespace InstaGrpc.Contracts;

/// <summary>
/// A batch read whose items share the entries of a cached method of the same service. Other key fields of the item method are taken
/// from the batch's request by name.
/// </summary>
/// <param name="ItemMethod">The cached method that gives key, time to live and dependencies.</param>
/// <param name="RequestField">The repeated field with the items' keys.</param>
/// <param name="ResponseField">The repeated field with the answers.</param>
/// <param name="ItemKey">The field of the item method's request that takes an item's key.</param>
/// <param name="ItemResponseField">The field of the item method's response that holds one answer.</param>
/// <param name="ResponseKey">The field of an answer that equals its item's key.</param>
/// <param name="Shared">Fields that the batch's request and the item's request have in common, by name; pairs of (batch, item).</param>
public sealed record BatchPolicy(
    MethodContract ItemMethod,
    FieldPath RequestField,
    FieldPath ResponseField,
    FieldPath ItemKey,
    FieldPath ItemResponseField,
    FieldPath ResponseKey,
    IReadOnlyList<(FieldPath Batch, FieldPath Item)> Shared);
