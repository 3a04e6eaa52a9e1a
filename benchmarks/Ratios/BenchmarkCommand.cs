namespace InstaGrpc.Ratios;

/// <summary><c>NAME [--check] [--save]</c>.</summary>
internal static class BenchmarkCommand
{
    private const int Missed = 1;
    private const int Misused = 2;

    public static async Task<int> RunAsync(IReadOnlyDictionary<string, Func<IBenchmark>> benchmarks, string[] args)
    {
        var names = args.Where(arg => !arg.StartsWith('-')).ToArray();
        var flags = args.Where(arg => arg.StartsWith('-')).ToHashSet(StringComparer.Ordinal);
        if (names is not [var name] || !benchmarks.TryGetValue(name, out var make) || flags.Except(["--check", "--save"]).Any())
        {
            Console.Error.WriteLine("usage: ./insta bench NAME [--check] [--save]");
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
        var report = new BenchmarkReport(name);
        report.Say($"{report.Command}: {subject.About}");
        try
        {
            await subject.RunAsync(report, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Misused;
        }

        var path = report.Write(Path.Combine(Checkout.Root, ".insta", "results"));
        report.Say($"written to {Path.GetRelativePath(Checkout.Root, path)}");
        if (flags.Contains("--save"))
        {
            path = report.Write(Path.Combine(Checkout.Root, "benchmarks", "results"));
            report.Say($"saved in {Path.GetRelativePath(Checkout.Root, path)}");
        }

        report.Say(report.Summary);
        return flags.Contains("--check") && report.Ratios.Any(ratio => !ratio.Ok) ? Missed : 0;
    }
}
