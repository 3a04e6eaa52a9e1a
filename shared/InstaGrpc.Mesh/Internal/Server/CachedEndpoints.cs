using System.Collections.Frozen;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Every cached method that this process serves, with the settings in force.</summary>
internal sealed class CachedEndpoints
{
    private readonly FrozenDictionary<MethodContract, CachedEndpoint> _endpoints;
    private readonly EffectivePolicies _policies;

    public CachedEndpoints(MeshCatalog catalog, EffectivePolicies policies, CachedReads reads)
    {
        Reads = reads;
        _policies = policies;
        _endpoints = catalog.Served.Methods
            .Where(m => m.Policy.Cache is not null || m.Policy.Batch is not null)
            .ToFrozenDictionary(m => m, m => new CachedEndpoint(m, reads.For(m.Policy.Batch?.ItemMethod ?? m), catalog.HandlerOf(m)));
        Apply();
        policies.Changed += Apply;
    }

    public CachedReads Reads { get; }

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
