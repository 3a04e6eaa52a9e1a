using System.Globalization;
using System.Text.Json;
using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;

namespace InstaGrpc.Load.Workers;

/// <summary>
/// How a worker in a process of its own and its coordinator talk, a line each: the worker says "ready"; "begin MS" (milliseconds since 1970) begins the run;
/// "second JSON" each second; "result JSON" at the end.
/// </summary>
internal static class WorkerLines
{
    public const string Ready = "ready";
    public const string Begin = "begin ";
    public const string Second = "second ";
    public const string Result = "result ";

    /// <summary>The worker's side.</summary>
    public static async Task<int> RunAsync(LoadOptions options, MeshEndpoints endpoints, TextReader input, TextWriter output, CancellationToken ct)
    {
        await using var worker = new LocalWorker(options, endpoints, static _ => { });
        await worker.PrepareAsync(ct).ConfigureAwait(false);
        await SayAsync(output, Ready).ConfigureAwait(false);
        // No line: the coordinator has gone.
        if (await input.ReadLineAsync(ct).ConfigureAwait(false) is not { } line) return 0;
        var begin = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(line.AsSpan(Begin.Length), CultureInfo.InvariantCulture));
        var result = await worker.RunAsync(begin, second => SayAsync(output, Second + JsonSerializer.Serialize(second)), ct).ConfigureAwait(false);
        await SayAsync(output, Result + JsonSerializer.Serialize(result)).ConfigureAwait(false);
        return 0;
    }

    private static async Task SayAsync(TextWriter output, string line)
    {
        await output.WriteLineAsync(line).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
    }
}
