using InstaGrpc.Contracts;

namespace InstaGrpc.Caching;

/// <summary>The keys of a batch's items.</summary>
public interface IItemKeys
{
    /// <summary>Number of items.</summary>
    int Count { get; }

    /// <summary>The value of one field of an item's key.</summary>
    /// <param name="item">From 0.</param>
    /// <param name="field">Number in the item method's <see cref="CachePolicy.Key"/>; never that of "@caller".</param>
    FieldValue Read(int item, int field);
}
