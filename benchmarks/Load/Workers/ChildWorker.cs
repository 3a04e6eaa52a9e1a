using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using InstaGrpc.Load.Command;

namespace InstaGrpc.Load.Workers;

/// <summary>A worker in a process of its own: this program, started with the same arguments and <c>--worker</c>.</summary>
internal sealed class ChildWorker : IWorker
{
    private readonly Process _process;
    private readonly int _index;

    public ChildWorker(LoadOptions options, int index)
    {
        _index = index;
        var program = Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Load");
        var start = new ProcessStartInfo(program, [.. options.Arguments, "--worker", index.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    public async Task PrepareAsync(CancellationToken ct)
    {
        var line = await LineAsync(ct).ConfigureAwait(false);
        if (line != WorkerLines.Ready) throw new InvalidOperationException($"worker {_index} said \"{line}\" and not that it is ready");
    }

    public async Task<WorkerResult> RunAsync(
        Func<CancellationToken, Task<DateTimeOffset>>? begin, Func<WorkerSecond, Task> onSecond, CancellationToken ct)
    {
        await SayAsync(WorkerLines.WarmUp, ct).ConfigureAwait(false);
        var line = await LineAsync(ct).ConfigureAwait(false);
        if (line != WorkerLines.Warm) throw new InvalidOperationException($"worker {_index} said \"{line}\" and not that it is warm");
        var at = begin is null ? DateTimeOffset.UtcNow : await begin(ct).ConfigureAwait(false);
        await SayAsync(string.Create(CultureInfo.InvariantCulture, $"{WorkerLines.Begin}{at.ToUnixTimeMilliseconds()}"), ct).ConfigureAwait(false);
        // From here on an end comes early, and with a result. Nothing else is written to it any more.
        await using var end = ct.Register(_process.StandardInput.Close).ConfigureAwait(false);
        while (true)
        {
            line = await LineAsync(CancellationToken.None).ConfigureAwait(false);
            if (line.StartsWith(WorkerLines.Second, StringComparison.Ordinal))
            {
                await onSecond(JsonSerializer.Deserialize<WorkerSecond>(line[WorkerLines.Second.Length..])!).ConfigureAwait(false);
            }
            else if (line.StartsWith(WorkerLines.Result, StringComparison.Ordinal))
            {
                return JsonSerializer.Deserialize<WorkerResult>(line[WorkerLines.Result.Length..])!;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The end of its input ends one that was never told to begin.
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(2))) _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task SayAsync(string line, CancellationToken ct)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), ct).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync(ct).ConfigureAwait(false);
    }

    private async Task<string> LineAsync(CancellationToken ct) => await _process.StandardOutput.ReadLineAsync(ct).ConfigureAwait(false)
        ?? throw new InvalidOperationException($"worker {_index} has ended before its time");
}
