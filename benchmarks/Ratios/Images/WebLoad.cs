using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace InstaGrpc.Ratios.Images;

/// <summary>h2load on HTTP/1.1.</summary>
internal static partial class WebLoad
{
    /// <returns>Answers a second; all of them must be of the class.</returns>
    public static async Task<double> RunAsync(Uri url, int requests, string status, CancellationToken cancellation, params string[] headers)
    {
        string[] command = Machine.OnOtherCore(
        [
            "h2load", "--h1", "-n", requests.ToString(CultureInfo.InvariantCulture), "-c", "8", "-t", "1",
            .. headers.SelectMany(static header => new[] { "-H", header }), url.ToString(),
        ]);
        using var h2load = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("h2load did not start");
        var output = await h2load.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await h2load.WaitForExitAsync(cancellation).ConfigureAwait(false);
        var rate = Rate().Match(output);
        return rate.Success && output.Contains(string.Create(CultureInfo.InvariantCulture, $" {requests} {status}"), StringComparison.Ordinal)
            ? double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"not every answer was {status}: {output}");
    }

    [GeneratedRegex(@"([0-9.]+) req/s")]
    private static partial Regex Rate();
}
