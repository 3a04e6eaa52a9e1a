namespace InstaGrpc.Load.Reports;

/// <summary>How a figure differs between two runs.</summary>
/// <param name="Figure">"p99, ms".</param>
/// <param name="Before">In the first run.</param>
/// <param name="After">In the second.</param>
/// <param name="Ratio">Second to first.</param>
/// <param name="Low">Of the ratio's 95 % interval.</param>
/// <param name="High">Of the same.</param>
/// <param name="MoreIsBetter">False: a higher figure is a worse one.</param>
public sealed record Change(string Figure, double Before, double After, double Ratio, double Low, double High, bool MoreIsBetter)
{
    /// <summary>By how many percent it is surely worse: the near end of the interval; 0: it may be as good as before.</summary>
    public double SurelyWorsePercent => Math.Max(0, MoreIsBetter ? (1 - High) * 100 : (Low - 1) * 100);

    /// <summary>The same the other way.</summary>
    public double SurelyBetterPercent => Math.Max(0, MoreIsBetter ? (Low - 1) * 100 : (1 - High) * 100);
}
