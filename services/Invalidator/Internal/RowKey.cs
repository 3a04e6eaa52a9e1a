using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>A key to invalidate.</summary>
/// <param name="Key">Without its generation.</param>
/// <param name="Delete">How.</param>
/// <param name="Traceparent">Of the write that made it invalid; empty if that is not traced.</param>
internal readonly record struct RowKey(CacheKey Key, MetaDelete Delete, string Traceparent);
