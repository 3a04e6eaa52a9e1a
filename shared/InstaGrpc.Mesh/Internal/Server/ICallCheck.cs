namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// One concern that looks at a call, of whatever kind, before anything is done for it, and lets it pass or throws. It never waits, so
/// that it costs a call nothing but itself.
/// </summary>
internal interface ICallCheck
{
    /// <summary>Looks at a call.</summary>
    /// <exception cref="DomainException">The call may not go on.</exception>
    void Check(MeshCallContext call);
}
