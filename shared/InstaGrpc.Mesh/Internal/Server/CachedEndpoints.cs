using System.Collections.Frozen;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Every cached method that this process serves, with the settings in force.</summary>
internal sealed class CachedEndpoints
{
    private readonly FrozenDictionary<MethodContract, CachedEndpoint> _endpoints;
    private readonly EffectivePolicies _policies;
    private readonly CachedReads? _reads;

    public CachedEndpoints(MeshCatalog catalog, EffectivePolicies policies, CachedReads? reads = null)
    {
        _reads = reads;
        _policies = policies;
        var cached = reads is null ? [] : catalog.Served.Methods.Where(m => m.Policy.Cache is not null || m.Policy.Batch is not null);
        _endpoints = cached
            .ToFrozenDictionary(m => m, m => new CachedEndpoint(m, reads!.For(m.Policy.Batch?.ItemMethod ?? m), catalog.HandlerOf(m)));
        Apply();
        policies.Changed += Apply;
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
}
