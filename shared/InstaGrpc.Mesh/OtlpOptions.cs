namespace InstaGrpc.Mesh;

/// <summary>Where traces go. Configuration section <c>Insta:Otlp</c>.</summary>
public sealed class OtlpOptions
{
    /// <summary>An OTLP endpoint over gRPC, for instance http://localhost:4317; null: traces are not exported.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>
    /// Which part of the calls that begin a trace here is kept, 0 to 1; a caller's decision is always followed. A method's own part is
    /// <c>Insta:Methods:&lt;full name&gt;:SampleRatio</c>. Both are read live.
    /// </summary>
    /// <value>1: all of them.</value>
    public double SampleRatio { get; set; } = 1;

    /// <summary>
    /// A call that took this long is kept whatever its part, and so is one that failed: that is decided when it ends, so such a trace has
    /// what this process did for it, and what others found slow or failed themselves.
    /// </summary>
    /// <value>00:00:01.</value>
    public TimeSpan SlowCall { get; set; } = TimeSpan.FromSeconds(1);
}
