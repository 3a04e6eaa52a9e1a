namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>What the cases of a run went through, from the tiers that their stars' posts were really planned in.</summary>
public sealed class Coverage
{
    private const short Push = 1;
    private const short ActiveFirst = 2;
    private const short Pull = 3;

    private readonly Lock _lock = new();

    public int Cases { get; private set; }

    /// <summary>Cases that used all three tiers and crossed each threshold both ways.</summary>
    public int Whole { get; private set; }

    public int Walks { get; private set; }

    public double Share => Cases == 0 ? 0 : (double)Whole / Cases;

    public void Add(IReadOnlyList<short> tiers, int walks)
    {
        lock (_lock)
        {
            Cases++;
            Walks += walks;
            Whole += IsWhole(tiers) ? 1 : 0;
        }
    }

    private static bool IsWhole(IReadOnlyList<short> tiers)
    {
        var planned = tiers.Where(static tier => tier is Push or ActiveFirst or Pull).ToArray();
        return planned.Contains(ActiveFirst) && planned.Contains(Pull)
            && Crosses(planned, Push) && Crosses(planned, ActiveFirst);
    }

    // Over the threshold above this tier and back, in either order.
    private static bool Crosses(short[] tiers, short below)
    {
        var sides = tiers.Select(tier => tier <= below).ToArray();
        var steps = sides.Zip(sides.Skip(1)).ToArray();
        return steps.Contains((true, false)) && steps.Contains((false, true));
    }
}
