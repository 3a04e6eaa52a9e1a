using System.Globalization;
using InstaGrpc.Load.Scenarios;

namespace InstaGrpc.Load.Command;

/// <summary>Reads the arguments of <c>./insta load</c>.</summary>
internal static class LoadArguments
{
    public static string Help => $"""
        ./insta load SCENARIO [options]     Load a running mesh (./insta up), and check every answer.
        ./insta load compare A B [--max-regression PERCENT]
                                            What changed between two reports. With a limit: exit code 1 when B is surely worse by more.

        Scenarios:
        {string.Join("\n", ScenarioCatalog.All.Select(static one => $"  {one.Name,-14} {one.About} (rate {one.Rate.ToString("0", CultureInfo.InvariantCulture)}/s)"))}

        Options:
          --rate R           Iterations a second, over all processes.
          --duration D       Seconds, or 90s, 5m. Default 60 s, after a warm-up (--warmup, 3 s) that does not count.
          --shape S          steady, ramp, random, or closed (a tenth of the rate as callers who each wait for their answers). Default steady.
          --report DIR       Where report.html, report.md and result.json go. Default .insta/load/SCENARIO.
          --save             Keep the figures in benchmarks/results, too.
          --users N          Users that take part, by Zipf's law. Default 500; they are made once, through the services.
          --processes N      Share the load among so many processes.
          --grpc HOST:PORT   The mesh's internal listener. Default: of the running ./insta up.
          --web HOST:PORT    Its web listener, for hit rates and PostgreSQL's queries.
          --data DIR         The data folder of ./insta up.
          --p99 MS           Threshold: 99 % of the iterations within so long. Default 3000.
          --max-errors P     Threshold: most percent of iterations that may fail. Default 1.
          --kill PART        Start a mesh of its own, kill memcached, broker, postgres, invalidator or projector in the middle of the run, start it
                             again, and show how long the mesh takes to recover.
          --seed N           Of what is drawn by chance. Default 1.

        Exit code 0: all well; 1: an answer broke a promise, or a threshold was missed; 2: it could not be run.
        """;

    /// <exception cref="FormatException">What is wrong, and what would be right.</exception>
    public static LoadOptions Parse(IReadOnlyList<string> args)
    {
        var options = new LoadOptions { Scenario = "", Arguments = args };
        for (var at = 0; at < args.Count; at++)
        {
            var (name, given) = args[at].Split('=', 2) is [var left, var right] && left.StartsWith("--", StringComparison.Ordinal)
                ? (left, right) : (args[at], null);
            string Value() => given ?? (at + 1 < args.Count ? args[++at] : throw new FormatException($"{name} needs a value"));
            options = name switch
            {
                "--rate" => options with { Rate = Number(name, Value(), 0.001) },
                "--duration" => options with { Duration = Time(name, Value(), 1) },
                "--warmup" => options with { WarmUp = Time(name, Value(), 0) },
                "--shape" => options with { Shape = Enum.TryParse<LoadShape>(Value(), ignoreCase: true, out var shape)
                    ? shape : throw new FormatException("--shape is steady, ramp, random or closed") },
                "--report" => options with { Report = Value() },
                "--save" => options with { Save = true },
                "--users" => options with { Users = (int)Number(name, Value(), 2) },
                "--processes" => options with { Processes = (int)Number(name, Value(), 1) },
                "--grpc" => options with { Grpc = Value() },
                "--web" => options with { Web = Value() },
                "--data" => options with { Data = Value() },
                "--p99" => options with { P99 = Number(name, Value(), 0) },
                "--max-errors" => options with { MaxErrors = Number(name, Value(), 0) },
                "--kill" => options with { Kill = Value() },
                "--seed" => options with { Seed = (int)Number(name, Value(), 0) },
                "--plant" => options with { Plant = Value() },
                "--worker" => options with { Worker = (int)Number(name, Value(), 0) },
                _ when !name.StartsWith('-') && options.Scenario.Length == 0 => options with { Scenario = name },
                _ => throw new FormatException($"unknown option {name}: ./insta load --help lists them"),
            };
        }

        return ScenarioCatalog.Find(options.Scenario) is not null ? options : throw new FormatException(
            $"{(options.Scenario.Length == 0 ? "no scenario" : $"unknown scenario {options.Scenario}")}: "
            + $"one of {string.Join(", ", ScenarioCatalog.All.Select(static one => one.Name))}");
    }

    private static double Number(string name, string text, double least) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= least && double.IsFinite(number)
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: give a number of at least {least}"));

    private static TimeSpan Time(string name, string text, double least)
    {
        var (digits, unit) = text.EndsWith('m') ? (text[..^1], 60) : (text.TrimEnd('s'), 1);
        return TimeSpan.FromSeconds(Number(name, digits, least / unit) * unit);
    }
}
