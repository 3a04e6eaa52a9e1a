namespace InstaGrpc.Contracts;

/// <summary>Who is refused first when a process has more to do than it can; the lowest value is refused last.</summary>
public enum Priority
{
    /// <summary>Refused last.</summary>
    Critical,

    /// <summary>What a contract that says nothing has.</summary>
    Normal,

    /// <summary>Refused first.</summary>
    Sheddable,
}
