namespace InstaGrpc.Mesh.Shedding;

/// <summary>
/// How many calls of services for outside (<see cref="MeshBuilder.AddEdge{TGrpcService}"/>) run at once. Configuration section
/// <c>Insta:Shedding</c>.
/// </summary>
public sealed class SheddingOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Shedding";

    /// <summary>Whether anything is refused.</summary>
    /// <value>True.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>Calls at once before anything was learned.</summary>
    /// <value>32.</value>
    public int Initial { get; set; } = 32;

    /// <summary>The limit is never below this.</summary>
    /// <value>8.</value>
    public int Least { get; set; } = 8;

    /// <summary>The limit is never above this.</summary>
    /// <value>2,000.</value>
    public int Most { get; set; } = 2000;

    /// <summary>How long latency is averaged before the limit moves; longer when fewer than 100 calls have ended.</summary>
    /// <value>100 ms.</value>
    public TimeSpan Window { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The part of the limit that calls of priority SHEDDABLE may fill.</summary>
    /// <value>0.75.</value>
    public double SheddableShare { get; set; } = 0.75;

    /// <summary>What calls of priority CRITICAL may have beyond the limit, as a part of it.</summary>
    /// <value>0.1.</value>
    public double CriticalReserve { get; set; } = 0.1;
}
