using System.Globalization;
using System.Text.Json;
using InstaGrpc.Load.Command;
using InstaGrpc.Load.Mesh;

namespace InstaGrpc.Load.Workers;

/// <summary>
/// How a worker in a process of its own and its coordinator talk, a line each: the worker says "ready"; "warm up" begins its warm-up, after which it says "warm";
/// "begin MS" (milliseconds since 1970) is when the run begins; "second JSON" comes each second; "result JSON" at the end. The end of the worker's input, which is
/// also that of a coordinator who died, ends its load early.
/// </summary>
internal static class WorkerLines
{
    public const string Ready = "ready";
    public const string WarmUp = "warm up";
    public const string Warm = "warm";
    public const string Begin = "begin ";
    public const string Second = "second ";
    public const string Result = "result ";

    /// <summary>The worker's side.</summary>
    public static async Task<int> RunAsync(LoadOptions options, MeshEndpoints endpoints, TextReader input, TextWriter output, CancellationToken ct)
    {
        await using var worker = new LocalWorker(options, endpoints, static _ => { });
        await worker.PrepareAsync(ct).ConfigureAwait(false);
        await SayAsync(output, Ready).ConfigureAwait(false);
        if (await LineAsync(input).ConfigureAwait(false) is null) return 0;

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var result = await worker.RunAsync(
            async token =>
            {
                await SayAsync(output, Warm).ConfigureAwait(false);
                if (await LineAsync(input).ConfigureAwait(false) is not { } line) throw new OperationCanceledException(token);
                _ = EndWithAsync(input, ended);
                return DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(line.AsSpan(Begin.Length), CultureInfo.InvariantCulture));
            },
            second => SayAsync(output, Second + JsonSerializer.Serialize(second)), ended.Token).ConfigureAwait(false);
        await SayAsync(output, Result + JsonSerializer.Serialize(result)).ConfigureAwait(false);
        return 0;
    }

    private static async Task EndWithAsync(TextReader input, CancellationTokenSource ended)
    {
        while (await LineAsync(input).ConfigureAwait(false) is not null)
        {
            // Nothing more is said.
        }

        try
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The run has ended by itself.
        }
    }

    /// <summary>On a thread of its own: the console's reader blocks whoever reads, however he asks.</summary>
    private static Task<string?> LineAsync(TextReader input) => Task.Factory.StartNew(
        input.ReadLine, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task SayAsync(TextWriter output, string line)
    {
        await output.WriteLineAsync(line).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
    }
}
