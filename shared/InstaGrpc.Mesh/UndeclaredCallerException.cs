namespace InstaGrpc.Mesh;

/// <summary>
/// The handler of a cached method read who calls, but its contract does not vary by caller: one user's answer would reach another.
/// It is an error of the service (INTERNAL), whose message is for its developers.
/// </summary>
/// <param name="method">The method's full name.</param>
public sealed class UndeclaredCallerException(string method)
    : InvalidOperationException(
        $"{method} is cached and its handler reads the caller's identity; add `vary_by_caller: true` to the cache of its contract, "
        + "or take what the handler needs from the request.");
