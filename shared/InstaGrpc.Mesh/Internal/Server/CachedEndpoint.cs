using InstaGrpc.Caching;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>A cached method (or batch) that this process serves.</summary>
/// <param name="contract">Its own contract.</param>
/// <param name="method">The method whose entries it reads: its own, or its items'.</param>
/// <param name="handler">Null: the class does not override it.</param>
internal sealed class CachedEndpoint(MethodContract contract, CachedMethod method, IUnaryHandler? handler)
{
    private int _readsCaller;

    public MethodContract Contract { get; } = contract;

    public CachedMethod Method { get; } = method;

    public IUnaryHandler? Handler { get; } = handler;

    /// <summary>
    /// In production: the handler was seen reading who calls, which its contract does not declare; from then on this process answers each
    /// caller by a run of his own.
    /// </summary>
    public bool ReadsCaller => Volatile.Read(ref _readsCaller) != 0;

    /// <summary>Sets <see cref="ReadsCaller"/>. True the first time.</summary>
    public bool FoundReadingCaller() => Interlocked.Exchange(ref _readsCaller, 1) == 0;
}
