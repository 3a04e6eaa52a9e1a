using System.Globalization;

namespace InstaGrpc.Ratios.Load;

/// <summary>How many iterations began late. The goal is none, so every run counts, and there is no interval: a run without one excuses no other.</summary>
internal static class Punctuality
{
    /// <param name="late">Of each run.</param>
    /// <param name="starts">Iterations of a run.</param>
    public static Ratio Of(IReadOnlyList<double> late, double starts)
    {
        var all = late.Sum();
        return new Ratio(
            string.Create(CultureInfo.InvariantCulture, $"begun late by more than 5 ms, of {starts * late.Count:N0}"), all, [all, all], 0, AtMost: true);
    }
}
