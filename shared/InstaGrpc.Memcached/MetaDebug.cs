namespace InstaGrpc.Memcached;

/// <summary>An item as <c>me</c> shows it. Unlike <c>mg</c>, <c>me</c> takes no lease and counts as no access: it is for looking
/// only.</summary>
/// <param name="ExpiresInSeconds">Seconds to live, -1 for ever. 1.6.18 says both "for ever" and "one second" with -1.</param>
/// <param name="LastAccessSeconds">Seconds since the last access.</param>
/// <param name="Cas">The item's CAS.</param>
/// <param name="Fetched">Whether it was ever read.</param>
/// <param name="SlabClass">The slab class that it lies in.</param>
/// <param name="SizeBytes">Bytes of the whole item, its header and key included.</param>
public sealed record MetaDebug(int ExpiresInSeconds, int LastAccessSeconds, ulong Cas, bool Fetched, int SlabClass, int SizeBytes);
