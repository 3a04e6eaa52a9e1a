namespace InstaGrpc.Load.Mesh;

/// <summary>What a mesh shows of itself, as of a moment.</summary>
/// <param name="HitRate">Answers of cached methods that came from a copy or memcached since the last look, 0 to 1; NaN: none, or not known.</param>
/// <param name="QueriesPerSecond">Commands that PostgreSQL was sent; NaN: not known.</param>
internal sealed record MeshFigures(double HitRate, double QueriesPerSecond)
{
    public static MeshFigures Unknown { get; } = new(double.NaN, double.NaN);
}
