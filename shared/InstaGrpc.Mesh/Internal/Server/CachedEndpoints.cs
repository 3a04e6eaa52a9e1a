using System.Collections.Frozen;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Memcached;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Every cached method that this process serves, with the settings in force.</summary>
internal sealed partial class CachedEndpoints
{
    private readonly FrozenDictionary<MethodContract, CachedEndpoint> _endpoints;
    private readonly EffectivePolicies _policies;
    private readonly CachedReads? _reads;

    public CachedEndpoints(
        MeshCatalog catalog, EffectivePolicies policies, ILogger<CachedEndpoints> logger, CachedReads? reads = null,
            MemcachedPool? pool = null)
    {
        _reads = reads;
        _policies = policies;
        var cached = reads is null ? [] : catalog.Served.Methods.Where(m => m.Policy.Cache is not null || m.Policy.Batch is not null);
        _endpoints = cached
            .ToFrozenDictionary(m => m, m => new CachedEndpoint(m, reads!.For(m.Policy.Batch?.ItemMethod ?? m), catalog.HandlerOf(m)));
        Apply();
        policies.Changed += Apply;
        if (_endpoints.Count > 0 && pool is null)
        {
            LogUncached(logger, _endpoints.Count);
        }
    }

    /// <summary>Only where <see cref="Find"/> finds something.</summary>
    public CachedReads Reads => _reads!;

    /// <summary>Null: the method is not cached, or this process has no PostgreSQL whose changes would tell what is stale.</summary>
    public CachedEndpoint? Find(MethodContract contract) => _endpoints.GetValueOrDefault(contract);

    private void Apply()
    {
        foreach (var endpoint in _endpoints.Values)
        {
            if (_policies.Of(endpoint.Method.Contract).Cache is { } settings)
            {
                endpoint.Method.Settings = settings;
            }
        }
    }

    [LoggerMessage(EventIds.RunningUncached, LogLevel.Warning,
        "Insta:Memcached:Servers is not set: {Count} methods that could be cached are answered uncached, under the admission limit")]
    private static partial void LogUncached(ILogger logger, int count);
}
