namespace InstaGrpc.Postgres;

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Works, but not as well or as safely as it should.</summary>
    Warning,

    /// <summary>Something that the mesh promises does not hold.</summary>
    Error,
}
