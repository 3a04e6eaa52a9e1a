namespace InstaGrpc.Mesh.Ops;

/// <summary>How long things took.</summary>
/// <param name="Bounds">Upper bounds in seconds, ascending, without the last, which is infinite.</param>
/// <param name="Counts">In each bucket alone, one more than bounds.</param>
/// <param name="Total">The sum of all, in seconds; <c>sum</c> in JSON.</param>
public sealed record OpsHistogram(
    IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts, [property: System.Text.Json.Serialization.JsonPropertyName("sum")] double Total)
{
    /// <summary>Nothing.</summary>
    public static OpsHistogram Empty { get; } = new([], [0], 0);

    /// <summary>Both together. Buckets are those of the instrument, the same in every process.</summary>
    public static OpsHistogram Sum(OpsHistogram one, OpsHistogram other) =>
        one.Bounds.Count == 0 ? other
        : other.Bounds.Count == 0 ? one
        : new(one.Bounds, [.. one.Counts.Zip(other.Counts, static (left, right) => left + right)], one.Total + other.Total);
}
