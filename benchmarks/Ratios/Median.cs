namespace InstaGrpc.Ratios;

/// <summary>A median and its 90 % interval from order statistics: it holds for any distribution, and one wild value cannot move it
/// far.</summary>
internal static class Median
{
    private const double Coverage = 0.9;

    public static (double Value, double Low, double High) Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;

        // P(the true median lies outside of [k-th smallest, k-th largest]) = 2 P(Binomial(n, 1/2) < k); the largest k that keeps 90 %.
        var outside = 0.0;
        var term = Math.Pow(0.5, sorted.Length);
        var k = 0;
        while (k < middle && 2 * (outside + term) <= 1 - Coverage)
        {
            outside += term;
            term *= (double)(sorted.Length - k) / (k + 1);
            k++;
        }

        var at = Math.Max(k - 1, 0);
        return (median, sorted[at], sorted[^(at + 1)]);
    }
}
