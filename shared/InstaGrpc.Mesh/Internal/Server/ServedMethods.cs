using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Edge;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Every method that this process serves, by its path on the wire ("/package.Service/Method").</summary>
internal sealed class ServedMethods
{
    private readonly FrozenDictionary<string, ServedMethod> _byPath;

    public ServedMethods(
        MeshCatalog catalog, EffectivePolicies policies, CachedEndpoints endpoints, MeshBuilder mesh, IEnumerable<EdgeService> edges,
        IServiceProvider services)
    {
        var outside = edges.Select(static edge => edge.FullName).ToHashSet(StringComparer.Ordinal);
        var singletons = mesh.Services.Where(static s => s.Lifetime == ServiceLifetime.Singleton).Select(static s => s.ServiceType).ToHashSet();
        _byPath = catalog.Served.Methods.ToFrozenDictionary(
            m => "/" + m.FullName,
            m => new ServedMethod(m, policies.Of(m), endpoints.Find(m), AtOnce(m), outside.Contains(m.ServiceFullName)),
            StringComparer.Ordinal);
        policies.Changed += () =>
        {
            foreach (var method in _byPath.Values)
            {
                method.Policy = policies.Of(method.Contract);
            }
        };

        Func<Delegate?>? AtOnce(MethodContract method) =>
            method.Policy.ShardKey is null && singletons.Contains(catalog.ServiceOf(method).ImplementationType)
                && catalog.HandlerOf(method) is { } handler
            ? () => handler.OfSingleton(services)
            : null;
    }

    public bool TryGet(string path, [MaybeNullWhen(false)] out ServedMethod method) => _byPath.TryGetValue(path, out method);
}
