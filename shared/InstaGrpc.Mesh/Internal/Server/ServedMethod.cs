using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A method that this process serves, with everything that a call of it asks for: one look-up a call.</summary>
internal sealed class ServedMethod(MethodContract contract, EffectivePolicy policy, CachedEndpoint? cached)
{
    private EffectivePolicy _policy = policy;

    public MethodContract Contract { get; } = contract;

    /// <summary>Null: it is not cached, or this process has no PostgreSQL whose changes would tell what is stale.</summary>
    public CachedEndpoint? Cached { get; } = cached;

    /// <summary>The policy in force; changes with the configuration.</summary>
    public EffectivePolicy Policy
    {
        get => Volatile.Read(ref _policy);
        set => Volatile.Write(ref _policy, value);
    }
}
