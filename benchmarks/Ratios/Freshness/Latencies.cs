using System.Diagnostics;

namespace InstaGrpc.Ratios.Freshness;

/// <summary>Times in milliseconds, in the order in which they were taken.</summary>
internal sealed class Latencies(double[] inOrder)
{
    private readonly double[] _sorted = [.. inOrder.Order()];

    public double P50 => At(0.5);

    public double P99 => At(0.99);

    /// <summary>The median of the last quarter against that of the first: 1 when nothing piles up.</summary>
    public double Growth
    {
        get
        {
            var quarter = Math.Max(inOrder.Length / 4, 1);
            return new Latencies(inOrder[^quarter..]).P50 / new Latencies(inOrder[..quarter]).P50;
        }
    }

    public static Latencies Between(IEnumerable<(long From, long To)> pairs) =>
        new([.. pairs.Select(pair => Stopwatch.GetElapsedTime(pair.From, pair.To).TotalMilliseconds)]);

    /// <summary>By nearest rank.</summary>
    private double At(double part) => _sorted[Math.Clamp((int)Math.Ceiling(part * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
