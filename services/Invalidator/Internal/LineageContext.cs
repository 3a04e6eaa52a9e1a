using System.Collections.Concurrent;
using InstaGrpc.Caching;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>What the servers of one lineage share.</summary>
/// <param name="Node">Whose changes.</param>
/// <param name="Region">Whose servers.</param>
/// <param name="Prefix">Of keys and topics.</param>
/// <param name="Owner">This lineage's number.</param>
/// <param name="Pool">The region's servers.</param>
/// <param name="Log">The change log.</param>
/// <param name="Contracts">The announced contracts.</param>
/// <param name="Drops">Where watchers hear of changed keys.</param>
internal sealed record LineageContext(
    NodeName Node, string Region, string Prefix, long Owner, MemcachedPool Pool, ChangeLogClient Log, NodeContractBook Contracts, NodeDrops Drops)
{
    private readonly ConcurrentDictionary<string, Watermark> _watermarks = new(StringComparer.Ordinal);

    /// <summary>The watermarks as this lineage wrote them last, by server.</summary>
    public IReadOnlyDictionary<string, Watermark> Watermarks => _watermarks;

    public void Seen(string server, Watermark watermark) => _watermarks[server] = watermark;
}
