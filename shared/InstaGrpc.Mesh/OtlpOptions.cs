namespace InstaGrpc.Mesh;

/// <summary>Where traces go. Configuration section <c>Insta:Otlp</c>.</summary>
public sealed class OtlpOptions
{
    /// <summary>An OTLP endpoint over gRPC, for instance http://localhost:4317; null: traces are not exported.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>Which part of the traces that begin here is kept, 0 to 1; a caller's decision is always followed.</summary>
    /// <value>1: all of them.</value>
    public double SampleRatio { get; set; } = 1;
}
