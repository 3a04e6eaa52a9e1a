namespace InstaGrpc.Mesh.Shedding;

/// <summary>How many calls from outside run at once (see LoadShedding). Configuration section <c>Insta:Shedding</c>.</summary>
public sealed class SheddingOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Shedding";

    /// <summary>Whether anything is refused.</summary>
    /// <value>True.</value>
    public bool Enabled { get; set; } = true;
}
