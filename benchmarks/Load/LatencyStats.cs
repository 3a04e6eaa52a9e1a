namespace InstaGrpc.Load;

/// <summary>Milliseconds.</summary>
public sealed record LatencyStats(double Mean, double P50, double P75, double P95, double P99, double P999, double Max)
{
    public static LatencyStats Of(LatencyHistogram histogram) => new(
        histogram.Mean / 1000, Ms(histogram, 0.5), Ms(histogram, 0.75), Ms(histogram, 0.95), Ms(histogram, 0.99), Ms(histogram, 0.999),
        histogram.Max / 1000.0);

    private static double Ms(LatencyHistogram histogram, double share) => histogram.Quantile(share) / 1000.0;
}
