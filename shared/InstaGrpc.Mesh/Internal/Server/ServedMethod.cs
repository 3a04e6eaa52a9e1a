using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A method that this process serves, with everything that a call of it asks for: one look-up a call.</summary>
internal sealed class ServedMethod(
    MethodContract contract, EffectivePolicy policy, CachedEndpoint? cached, Func<Delegate?>? atOnce, bool isEdge)
{
    // Made with the first call: the object that serves may not be made before the application starts.
    private readonly Lazy<Delegate?>? _atOnce = atOnce is null ? null : new(atOnce);
    private EffectivePolicy _policy = policy;

    public MethodContract Contract { get; } = contract;

    /// <summary>Whether it is called from outside.</summary>
    public bool IsEdge { get; } = isEdge;

    /// <summary>Null: it is not cached, or this process has no PostgreSQL whose changes would tell what is stale.</summary>
    public CachedEndpoint? Cached { get; } = cached;

    /// <summary>
    /// The handler itself, a <c>Func&lt;TRequest, ServerCallContext, Task&lt;TResponse&gt;&gt;</c>, where it needs nothing of a call's scope:
    /// without a shard key, of a class that is registered as a singleton and so is made of what the process has. Null for all others.
    /// </summary>
    public Delegate? AtOnce => _atOnce?.Value;

    /// <summary>The policy in force; changes with the configuration.</summary>
    public EffectivePolicy Policy
    {
        get => Volatile.Read(ref _policy);
        set => Volatile.Write(ref _policy, value);
    }
}
