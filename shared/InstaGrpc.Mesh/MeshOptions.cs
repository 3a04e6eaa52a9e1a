namespace InstaGrpc.Mesh;

/// <summary>How this process stands in the mesh. Configuration section <c>Insta</c>.</summary>
public sealed class MeshOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta";

    /// <summary>
    /// Where other services are, by short name ("media" of insta.media.v1.MediaService): "http://host:port". What is not named here is
    /// called on this process's own internal listener.
    /// </summary>
    /// <value>Empty: all services are in this process.</value>
    public Dictionary<string, Uri> Services { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The node that this process's services read when a method names no shard_key. For InstaGrpc's own services the directory.
    /// </summary>
    /// <value>"directory".</value>
    public string Node { get; set; } = "directory";

    /// <summary>
    /// The name under which this process calls others outside of any handler (background work): <c>insta-caller: service:NAME</c>. Within a
    /// handler it is the name of the handler's own service.
    /// </summary>
    /// <value>Null: the first service that it serves, or "mesh".</value>
    public string? Name { get; set; }

    /// <summary>
    /// No method's deadline is shorter than this, whatever its contract declares: for a debugger, and for tests on a machine that does too
    /// much at once. In production it would break what the contracts promise callers: that whoever waits has an answer by then.
    /// </summary>
    /// <value>00:00:00: the contracts' own deadlines.</value>
    public TimeSpan DeadlineFloor { get; set; }

    /// <summary>The section <c>Insta:Mesh</c>.</summary>
    public MeshListenerOptions Mesh { get; set; } = new();

    /// <summary>The section <c>Insta:Otlp</c>.</summary>
    public OtlpOptions Otlp { get; set; } = new();
}
