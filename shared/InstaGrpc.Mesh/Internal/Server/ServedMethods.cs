using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>Every method that this process serves, by its path on the wire ("/package.Service/Method").</summary>
internal sealed class ServedMethods
{
    private readonly FrozenDictionary<string, ServedMethod> _byPath;

    public ServedMethods(MeshCatalog catalog, EffectivePolicies policies, CachedEndpoints endpoints)
    {
        _byPath = catalog.Served.Methods.ToFrozenDictionary(
            m => "/" + m.FullName, m => new ServedMethod(m, policies.Of(m), endpoints.Find(m)), StringComparer.Ordinal);
        policies.Changed += () =>
        {
            foreach (var method in _byPath.Values)
            {
                method.Policy = policies.Of(method.Contract);
            }
        };
    }

    public bool TryGet(string path, [MaybeNullWhen(false)] out ServedMethod method) => _byPath.TryGetValue(path, out method);
}
