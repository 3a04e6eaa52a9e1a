using System.Globalization;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Ratios;

/// <summary><c>NAME [--check] [--save] [--seconds S] [--rounds N] [--size N]</c>.</summary>
internal static class BenchmarkCommand
{
    private const int Missed = 1;
    private const int Misused = 2;

    public static async Task<int> RunAsync(IReadOnlyDictionary<string, Func<IBenchmark>> benchmarks, string[] args)
    {
        if (Parse(args) is not { } asked || !benchmarks.TryGetValue(asked.Name, out var make))
        {
            Console.Error.WriteLine("usage: ./insta bench NAME [--check] [--save] [--seconds S] [--rounds N] [--size N]");
            foreach (var (known, benchmark) in benchmarks.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                Console.Error.WriteLine($"  {known,-12} {benchmark().About}");
            }

            return Misused;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var subject = make();
        var report = new BenchmarkReport(asked.Name, asked.Seconds, asked.Rounds, asked.Size);
        report.Say($"{report.Command}: {subject.About}");
        try
        {
            await subject.RunAsync(report, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Misused;
        }
        catch (InvalidOperationException e)
        {
            // Not a missed goal: nothing was measured.
            Console.Error.WriteLine($"{report.Command}: {e.Message}");
            return Misused;
        }

        var path = report.Write(Path.Combine(Checkout.Root, ".insta", "results"));
        report.Say($"written to {Path.GetRelativePath(Checkout.Root, path)}");
        if (asked.Save)
        {
            path = report.Write(Path.Combine(Checkout.Root, "benchmarks", "results"));
            report.Say($"saved in {Path.GetRelativePath(Checkout.Root, path)}");
        }

        report.Say(report.Summary);
        return asked.Check && report.Ratios.Any(ratio => !ratio.Ok) ? Missed : 0;
    }
    /// <returns>Null: it cannot be understood.</returns>
    private static Asked? Parse(string[] args)
    {
        var asked = new Asked("");
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--check":
                    asked = asked with { Check = true };
                    break;
                case "--save":
                    asked = asked with { Save = true };
                    break;
                case "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0:
                    (asked, i) = (asked with { Seconds = seconds }, i + 1);
                    break;
                case "--rounds" when int.TryParse(value, CultureInfo.InvariantCulture, out var rounds) && rounds > 0:
                    (asked, i) = (asked with { Rounds = rounds }, i + 1);
                    break;
                case "--size" when int.TryParse(value, CultureInfo.InvariantCulture, out var size) && size > 0:
                    (asked, i) = (asked with { Size = size }, i + 1);
                    break;
                case var name when asked.Name.Length == 0 && !name.StartsWith('-'):
                    asked = asked with { Name = name };
                    break;
                default:
                    return null;
            }
        }

        return asked;
    }

    private sealed record Asked(string Name, bool Check = false, bool Save = false, double? Seconds = null, int? Rounds = null, int? Size = null);
}
