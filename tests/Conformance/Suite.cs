using System.Diagnostics;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Conformance;

/// <summary>The public suite's runner, connectconformance, with this program as what it tests.</summary>
internal static class Suite
{
    public const string Tool = "conformance";

    /// <summary>The first argument of this program when the suite starts it.</summary>
    public const string UnderTest = "under-test";

    private const string Web = "web";

    private static readonly string _runner = Path.Combine("bin", "connectconformance");

    /// <summary>What can be run: the server, the server as gRPC-Web, the client.</summary>
    public static IReadOnlyList<string> Sides { get; } = ["server", Web, "client"];

    /// <summary>Cases of a side that may fail on a busy machine.</summary>
    public static IReadOnlyList<string> Flaky(string side) => ListOf("flaky", side) is var list && File.Exists(list)
        ? [.. File.ReadLines(list).Where(static line => line.Length > 0 && line[0] != '#')]
        : [];

    /// <summary>Runs the suite's cases for one side.</summary>
    /// <param name="side">One of <see cref="Sides"/>.</param>
    /// <param name="more">More arguments for connectconformance.</param>
    /// <param name="line">Gets each line of its output; null: the console has them.</param>
    /// <param name="excuses">Whether those of <see cref="Flaky"/> may fail.</param>
    /// <returns>Its exit code: 0 when exactly the cases fail that are listed; 2 when there is no suite.</returns>
    public static async Task<int> RunAsync(
        string side, IEnumerable<string> more, Action<string>? line = null, bool excuses = true, CancellationToken ct = default)
    {
        if (Checkout.FindTool(Tool) is not { } suite || !File.Exists(Path.Combine(suite, _runner)))
        {
            await Console.Error.WriteLineAsync($"conformance: the suite is not there; unpack it and set INSTA_TOOLS to the folder that holds {Tool}/");
            return 2;
        }

        var mode = side == Web ? "server" : side;
        string[] arguments =
        [
            "--conf", Path.Combine(suite, "config", side == Web ? "grpc-web.yaml" : "grpc.yaml"), "--mode", mode,
            // A server has 10 s to answer: on a small machine four that start together, beside other tests, can need longer.
            "--max-servers", "1", .. mode == "server" ? (string[])["--parallel", "2"] : [],
            "--known-failing", $"@{ListOf("failing", side)}",
            .. excuses ? Flaky(side).SelectMany(static pattern => (string[])["--known-flaky", pattern]) : [],
            .. more,
            "--", Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Conformance"), UnderTest, mode,
        ];
        var start = new ProcessStartInfo(Path.Combine(suite, _runner), arguments)
        {
            RedirectStandardOutput = line is not null, RedirectStandardError = line is not null,
        };
        using var process = Process.Start(start)!;
        if (line is not null)
        {
            process.OutputDataReceived += (_, data) => Tell(data.Data);
            process.ErrorDataReceived += (_, data) => Tell(data.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        try
        {
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode;

        void Tell(string? text)
        {
            if (text is not null)
            {
                line(text);
            }
        }
    }

    private static string ListOf(string known, string side) =>
        Path.Combine(Checkout.Root, "tests", "Conformance", $"known-{known}-{side}.txt");
}
