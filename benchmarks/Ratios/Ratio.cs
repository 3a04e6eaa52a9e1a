namespace InstaGrpc.Ratios;

/// <summary>A judged number. Either a ratio of subject to baseline that should be at least its goal, or a limit that it should not
/// pass.</summary>
/// <param name="Name">What was compared.</param>
/// <param name="Value">The median of the paired ratios, or the number itself.</param>
/// <param name="Interval">Its 90 % interval: two numbers, low and high.</param>
/// <param name="Goal">What it should be.</param>
/// <param name="AtMost">True: the goal is an upper limit.</param>
internal sealed record Ratio(string Name, double Value, double[] Interval, double Goal, bool AtMost = false)
{
    /// <summary>False only if the whole interval misses the goal: noise alone fails nobody.</summary>
    public bool Ok => AtMost ? Interval[0] <= Goal : Interval[1] >= Goal;
}
