namespace InstaGrpc.Mesh.Ops;

/// <summary>Calls of a method (<c>insta_rpc_duration_seconds</c>).</summary>
/// <param name="Method">Its full name.</param>
/// <param name="Errors">Calls that ended neither with OK nor because their caller went away.</param>
/// <param name="Duration">Of all.</param>
public sealed record OpsMethod(string Method, long Errors, OpsHistogram Duration)
{
    /// <summary>Of two processes.</summary>
    public static OpsMethod Sum(OpsMethod one, OpsMethod other) =>
        new(one.Method, one.Errors + other.Errors, OpsHistogram.Sum(one.Duration, other.Duration));
}
