namespace InstaGrpc.Load.Command;

/// <summary>How the rate goes over a run.</summary>
internal enum LoadShape
{
    /// <summary>The same all the time, evenly spaced.</summary>
    Steady,

    /// <summary>From none evenly to the rate in the first half, then steady.</summary>
    Ramp,

    /// <summary>At random moments, between half and one and a half of the rate.</summary>
    Random,

    /// <summary>A tenth of the rate as copies that each wait for their answers.</summary>
    Closed,
}
