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

    /// <summary>
    /// Networks that may read <c>/metrics</c> and <c>/process.json</c> on a port of <see cref="ExternalPorts"/> of a process that serves the outside,
    /// beside this machine: "10.0.0.0/8". Better is a listener of their own that the outside does not reach.
    /// </summary>
    /// <value>Empty: none.</value>
    public IList<string> ScrapeNetworks { get; set; } = [];
}
