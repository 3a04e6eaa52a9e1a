namespace InstaGrpc.Mesh.Internal;

/// <summary>Metadata that the mesh sends to itself; not part of the contract with callers.</summary>
internal static class MeshHeaders
{
    /// <summary>
    /// The cached run that a call belongs to: "run:node". Another process sees only the node; in the same process the run's
    /// admission is shared, so that an inner read does not wait for a place that its outer run holds.
    /// </summary>
    public const string Run = "insta-run";
}
