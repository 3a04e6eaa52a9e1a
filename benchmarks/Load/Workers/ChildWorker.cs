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

    public async Task<WorkerResult> RunAsync(DateTimeOffset? begin, Func<WorkerSecond, Task> onSecond, CancellationToken ct)
    {
        var at = (begin ?? DateTimeOffset.UtcNow).ToUnixTimeMilliseconds();
        await _process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{WorkerLines.Begin}{at}")).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync(ct).ConfigureAwait(false);
        while (true)
        {
            var line = await LineAsync(CancellationToken.None).ConfigureAwait(false);
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

    private async Task<string> LineAsync(CancellationToken ct) => await _process.StandardOutput.ReadLineAsync(ct).ConfigureAwait(false)
        ?? throw new InvalidOperationException($"worker {_index} has ended before its time");
}
