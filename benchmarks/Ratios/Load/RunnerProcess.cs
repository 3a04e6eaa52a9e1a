using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.Ratios.Load;

/// <summary>Load generators, each a process on the core that is not the server's.</summary>
internal static class RunnerProcess
{
    /// <summary>What this checkout's load runner found of itself.</summary>
    /// <param name="PerSecond">Answers.</param>
    /// <param name="Late">Iterations that began more than 5 ms after they were due.</param>
    /// <param name="LatestMs">By how much the latest one was.</param>
    /// <param name="Cores">Processor time, in cores.</param>
    internal sealed record Own(double PerSecond, double Late, double LatestMs, double Cores);

    /// <param name="server">Where.</param>
    /// <param name="how">"copies", who each wait for their answers, or "rate".</param>
    /// <param name="number">How many.</param>
    /// <param name="time">How long, after a warm-up of its own.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<Own> OwnAsync(Uri server, string how, double number, TimeSpan time, CancellationToken cancellation)
    {
        var output = await RunAsync(
            [Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Load"), "unary", server.ToString(), how, Text(number), Text(time.TotalSeconds)], cancellation)
            .ConfigureAwait(false);
        return output.Split(' ', StringSplitOptions.TrimEntries) is ["unary", var rate, var late, var latest, var cores, "0"]
            ? new Own(Number(rate), Number(late), Number(latest), Number(cores))
            : throw new InvalidOperationException($"the load runner's calls failed: {output}");
    }

    /// <summary>ghz with as many callers on its one connection.</summary>
    /// <returns>Answers a second.</returns>
    public static async Task<double> GhzAsync(
        string ghz, string protos, Uri server, int callers, TimeSpan time, CancellationToken cancellation)
    {
        var output = await RunAsync(
            [
                ghz, "--insecure", "--call", "insta.media.v1.MediaService.GetMedia", "--proto", "insta/media/v1/media.proto",
                "-d", "{\"media_id\":\"1\"}", "-c", Text(callers), "-z",
                Text(time.TotalSeconds) + "s", "-O", "json", server.Authority,
            ],
            cancellation, protos).ConfigureAwait(false);
        using var report = System.Text.Json.JsonDocument.Parse(output);
        return report.RootElement.GetProperty("statusCodeDistribution").GetProperty("OK").GetInt64() / time.TotalSeconds;
    }

    private static async Task<string> RunAsync(string[] command, CancellationToken cancellation, string folder = "")
    {
        var pinned = Machine.OnOtherCore(command);
        using var process = Process.Start(new ProcessStartInfo(pinned[0], pinned[1..]) { RedirectStandardOutput = true, WorkingDirectory = folder })
            ?? throw new InvalidOperationException($"{command[0]} did not start");
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command[0]} ended with code {process.ExitCode}: {output}");
    }

    private static string Text(double number) => number.ToString("0.###", CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
