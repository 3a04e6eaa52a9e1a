namespace InstaGrpc.Mesh.Internal;

/// <summary>
/// What flows from a handler into the calls that it makes: deadline, caller, tokens, and the cached run that it is part of. It follows
/// the code (an async local), so that clients are singletons and handlers need not hand anything on.
/// </summary>
internal sealed class CallFlow
{
    private readonly AsyncLocal<Flow?> _current = new();

    /// <summary>The handler that is running here; null outside of any.</summary>
    public Flow? Current => _current.Value;

    /// <summary>Begins a handler. Ends with the async method that called it: an async local set inside does not leave it.</summary>
    public void Enter(Flow flow) => _current.Value = flow;
}
