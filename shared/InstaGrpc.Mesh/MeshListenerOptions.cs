namespace InstaGrpc.Mesh;

/// <summary>Which connections may say who calls. Configuration section <c>Insta:Mesh</c>.</summary>
public sealed class MeshListenerOptions
{
    /// <summary>
    /// Ports on which <c>insta-caller</c> is never believed, not even from loopback: what browsers and phones reach. There everybody is
    /// anonymous until the gateway has said who it is.
    /// </summary>
    public IList<int> ExternalPorts { get; set; } = [];

    /// <summary>
    /// Ports on which <c>insta-caller</c> is believed from any address: only for a port that nobody but the mesh can reach (a network
    /// policy sees to it). Otherwise it is believed from loopback and from connections with a client certificate that Kestrel accepted.
    /// </summary>
    public IList<int> InternalPorts { get; set; } = [];
}
