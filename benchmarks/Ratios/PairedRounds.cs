using System.Globalization;

namespace InstaGrpc.Ratios;

/// <summary>Runs subject and baseline by turns, in the order A B, B A, A B …, so that a drift of the machine hits both alike.</summary>
internal sealed class PairedRounds
{
    /// <summary>As long and as many as <c>--seconds</c> and <c>--rounds</c> say, else as usual.</summary>
    public PairedRounds(BenchmarkReport report)
    {
        if (report.Seconds is { } seconds)
        {
            (Length, WarmUp) = (TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds * 3));
        }

        Rounds = report.Rounds ?? Rounds;
    }

    /// <summary>Pairs. With 8, the second smallest and second largest ratio enclose the median with 93 %.</summary>
    public int Rounds { get; init; } = 8;

    /// <summary>Of each side in each round.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Of each side before the first round: the JIT compiles hot methods anew while they run.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Less is better.</summary>
    public bool AtMost { get; init; }

    /// <param name="report">Where figures and ratio go.</param>
    /// <param name="name">What is compared.</param>
    /// <param name="unit">Of both figures, e.g. "gets/s".</param>
    /// <param name="goal">Least ratio; with <see cref="AtMost"/> the largest.</param>
    /// <param name="subject">Runs for a time and returns its figure.</param>
    /// <param name="baseline">The same for the baseline.</param>
    public async Task RunAsync(
        BenchmarkReport report,
        string name,
        string unit,
        double goal,
        Func<TimeSpan, Task<double>> subject,
        Func<TimeSpan, Task<double>> baseline)
    {
        await subject(WarmUp).ConfigureAwait(false);
        await baseline(WarmUp).ConfigureAwait(false);
        var pairs = new List<(double Subject, double Baseline)>();
        for (var round = 0; round < Rounds; round++)
        {
            double ours, theirs;
            if (round % 2 == 0)
            {
                ours = await subject(Length).ConfigureAwait(false);
                theirs = await baseline(Length).ConfigureAwait(false);
            }
            else
            {
                theirs = await baseline(Length).ConfigureAwait(false);
                ours = await subject(Length).ConfigureAwait(false);
            }

            pairs.Add((ours, theirs));
            report.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name}, round {round + 1}: {Text(ours)} against {Text(theirs)} {unit}, {ours / theirs:0.00}"));
        }

        var (value, low, high) = Median.Of(pairs.Select(pair => pair.Subject / pair.Baseline));
        report.AddFigure($"{name}: subject, {unit}", Median.Of(pairs.Select(pair => pair.Subject)).Value);
        report.AddFigure($"{name}: baseline, {unit}", Median.Of(pairs.Select(pair => pair.Baseline)).Value);
        report.AddRatio(new Ratio(name, value, [low, high], goal, AtMost));
    }

    private static string Text(double figure) => figure.ToString(figure < 100 ? "0.00" : "N0", CultureInfo.InvariantCulture);
}
