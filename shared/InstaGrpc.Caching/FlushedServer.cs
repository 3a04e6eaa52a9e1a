using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>What became of a node's entries on one server (<see cref="CacheInspector.FlushAsync"/>).</summary>
/// <param name="Server">The server.</param>
/// <param name="IsReached">False: it could not be asked, and what it holds may be served again.</param>
/// <param name="Generation">The generation that began; null: none yet, so reads are uncached until an invalidator begins one.</param>
public sealed record FlushedServer(MemcachedServer Server, bool IsReached, ulong? Generation);
