using System.Globalization;
using InstaGrpc.Load.Scenarios;

namespace InstaGrpc.Load.Command;

/// <summary>Reads the arguments of <c>./insta load</c>.</summary>
internal static class LoadArguments
{
    private const int MostUsers = 1_000_000;
    private const int MostProcesses = 256;
    private const double MostRate = 10_000_000;
    private const double LongestSeconds = 7 * 24 * 3600;

    public static string Help => $"""
        ./insta load SCENARIO [options]     Load a running mesh (./insta up), and check every answer.
        ./insta load compare A B [--max-regression PERCENT]
                                            What changed between two reports. With a limit: exit code 1 when B is surely worse by more.

        Scenarios:
        {string.Join("\n", ScenarioCatalog.All.Select(static one => $"  {one.Name,-14} {one.About} (rate {one.Rate.ToString("0", CultureInfo.InvariantCulture)}/s)"))}

        Options:
          --rate R           Iterations a second, over all processes.
          --duration D       Seconds, or 90s, 5m. Default 60 s, after a warm-up (--warmup, 3 s) that does not count.
          --shape S          steady (herd: all of a second at once), ramp, random, or closed (a tenth of the rate as callers who each wait for their answers).
                             Default steady.
          --report DIR       Where report.html, report.md and result.json go. Default .insta/load/SCENARIO.
          --save             Keep the figures in benchmarks/results, too.
          --users N          Users that take part, by Zipf's law. Default 500; they are made once, through the services.
          --processes N      Share the load among so many processes.
          --grpc HOST:PORT   The mesh's internal listener. Default: of the running ./insta up.
          --postgres NODE=URL, --memcached HOST:PORT, --prefix TEXT
                             With --grpc: the databases of its nodes and its memcached servers, all of them
                             (each option once for each), and Insta:Prefix. Without them nobody measures the stream,
                             and the report says what was not judged for it.
          --web HOST:PORT    Its web listener, for hit rates and PostgreSQL's queries.
          --data DIR         The data folder of ./insta up.
          --p99 MS           Threshold: 99 % of the iterations within so long. Default 3000; with --kill none.
          --max-errors P     Threshold: most percent of iterations that may fail. Default 1; with --kill none.
          --kill PART        Start a mesh of its own, kill memcached, broker, postgres, invalidator or projector in the middle of the run, start it
                             again, and show how long the mesh takes to recover: up to 60 s longer than --duration. Threshold: 10 s.
          --settle D         How long what was written may still come when the load has ended. Default 60 s.
          --seed N           Of what is drawn by chance. Default 1.

        Ctrl-C ends the load early and compares what was written; once more, and that ends too.
        Exit code 0: all well; 1: an answer broke a promise, a threshold was missed, or the run was broken off; 2: it could not be run.
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
                "--rate" => options with { Rate = Number(name, Value(), 0.001, MostRate) },
                "--duration" => options with { Duration = Time(name, Value(), 1) },
                "--settle" => options with { Settle = Time(name, Value(), 0) },
                "--warmup" => options with { WarmUp = Time(name, Value(), 0) },
                "--shape" => options with { Shape = Enum.TryParse<LoadShape>(Value(), ignoreCase: true, out var shape)
                    ? shape : throw new FormatException("--shape is steady, ramp, random or closed") },
                "--report" => options with { Report = Value() },
                "--save" => options with { Save = true },
                "--users" => options with { Users = Whole(name, Value(), 2, MostUsers) },
                "--processes" => options with { Processes = Whole(name, Value(), 1, MostProcesses) },
                "--grpc" => options with { Grpc = Value() },
                "--postgres" => options with { Postgres = With(options.Postgres, Value()) },
                "--memcached" => options with { Memcached = [.. options.Memcached, Value()] },
                "--prefix" => options with { Prefix = Value() },
                "--web" => options with { Web = Value() },
                "--data" => options with { Data = Value() },
                "--p99" => options with { P99 = Number(name, Value(), 0) },
                "--max-errors" => options with { MaxErrors = Number(name, Value(), 0) },
                "--kill" => options with { Kill = Value() },
                "--seed" => options with { Seed = Whole(name, Value(), 0, int.MaxValue) },
                "--plant" => options with { Plant = Value() },
                "--worker" => options with { Worker = Whole(name, Value(), 0, MostProcesses) },
                _ when !name.StartsWith('-') && options.Scenario.Length == 0 => options with { Scenario = name },
                _ => throw new FormatException($"unknown option {name}: ./insta load --help lists them"),
            };
        }

        if (ScenarioCatalog.Find(options.Scenario) is null)
        {
            throw new FormatException(
                $"{(options.Scenario.Length == 0 ? "no scenario" : $"unknown scenario {options.Scenario}")}: "
                + $"one of {string.Join(", ", ScenarioCatalog.All.Select(static one => one.Name))}");
        }

        if (options.Postgres.Count == 0 != (options.Memcached.Count == 0) || (options.Postgres.Count > 0 && options.Grpc is null))
        {
            throw new FormatException("--postgres and --memcached go together, and with --grpc: both are needed to measure the stream");
        }

        return options;
    }

    /// <summary>As they may be shown: what is said of databases has passwords in it.</summary>
    public static IEnumerable<string> WithoutSecrets(IReadOnlyList<string> args)
    {
        for (var at = 0; at < args.Count; at++)
        {
            yield return args[at].StartsWith("--postgres=", StringComparison.Ordinal) ? "--postgres=…"
                : at > 0 && args[at - 1] == "--postgres" ? "…"
                : args[at];
        }
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> nodes, string text) =>
        text.Split('=', 2) is [{ Length: > 0 } node, { Length: > 0 } url] ? new(nodes) { [node] = url }
            : throw new FormatException("--postgres needs NODE=URL, e.g. n1=postgres://insta@db1/node");

    private static double Number(string name, string text, double least, double most = double.MaxValue) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture,
                $"{name} {text}: give a number of at least {least}{(most < double.MaxValue ? $" and at most {most}" : "")}"));

    private static int Whole(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} {text}: give a whole number from {least} to {most}"));

    private static TimeSpan Time(string name, string text, double least)
    {
        var (digits, unit) = text.EndsWith('m') ? (text[..^1], 60) : (text.TrimEnd('s'), 1);
        return TimeSpan.FromSeconds(Number(name, digits, least / unit, LongestSeconds / unit) * unit);
    }
}
