namespace InstaGrpc.Robustness.Feeds.Model;

/// <summary>Pairs of thresholds between 3 and 50: from how many followers on a post goes to active readers first, and above how many nothing is pushed.
/// Small ones cost least and large ones have the longest lists: a third each ends at 8, 20 and 50.</summary>
public static class DrawnThresholds
{
    private const int Least = 3;
    private static readonly int[] _most = [8, 20, 50];

    /// <summary>The pairs of a seed: always the same, none twice.</summary>
    public static IEnumerable<(int ActiveFirstFrom, int PullAbove)> Of(ulong seed, int count)
    {
        var random = new Random((int)seed);
        var drawn = new HashSet<(int, int)>();
        while (drawn.Count < count)
        {
            var pullAbove = random.Next(Least + 1, _most[drawn.Count % _most.Length] + 1);
            drawn.Add((random.Next(Least, pullAbove), pullAbove));
        }

        return drawn;
    }
}
