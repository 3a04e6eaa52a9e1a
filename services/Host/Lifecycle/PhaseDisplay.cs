using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.Host.Lifecycle;

/// <summary>
/// Shows what is going on: on a terminal one line with the running phases and their seconds, renewed in place, and a line for each that has
/// ended; elsewhere plain lines only (begun, every few seconds still running, ended).
/// </summary>
internal sealed class PhaseDisplay : IAsyncDisposable
{
    private static readonly TimeSpan _plainInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _terminalInterval = TimeSpan.FromMilliseconds(100);

    private readonly TextWriter _writer;
    private readonly bool _terminal;
    private readonly TimeSpan _before;
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private readonly Lock _gate = new();
    private readonly List<(string Name, TimeSpan Begun)> _running = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _refresh;

    /// <param name="writer">Receives the lines.</param>
    /// <param name="terminal">Whether it is one that can renew a line.</param>
    /// <param name="before">What had gone by already when this process began: the script's set-up and build.</param>
    public PhaseDisplay(TextWriter writer, bool terminal, TimeSpan before)
    {
        _before = before;
        _writer = writer;
        _terminal = terminal;
        _refresh = RefreshAsync();
    }

    /// <summary>Since the command was given.</summary>
    public TimeSpan Elapsed => _before + _total.Elapsed;

    public async Task<T> RunAsync<T>(string name, Func<Task<T>> work)
    {
        var begun = _total.Elapsed;
        lock (_gate)
        {
            _running.Add((name, begun));
            if (!_terminal) _writer.WriteLine($"{name} ...");
            Redraw();
        }
        var outcome = "failed after";
        try
        {
            var result = await work();
            outcome = "";
            return result;
        }
        catch (OperationCanceledException)
        {
            outcome = "stopped after";
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _running.Remove((name, begun));
                Line($"{name,-12} {outcome}{(outcome.Length > 0 ? " " : "")}{Seconds(_total.Elapsed - begun)}");
            }
        }
    }

    public Task RunAsync(string name, Func<Task> work) => RunAsync(name, async () =>
    {
        await work();
        return true;
    });

    /// <summary>A line of its own, between the phases.</summary>
    public void Report(string line)
    {
        lock (_gate) Line(line);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _refresh;
        _ended.Dispose();
    }

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private void Line(string text)
    {
        if (_terminal) _writer.Write("\r\e[K");
        _writer.WriteLine(text);
        Redraw();
    }

    private void Redraw()
    {
        if (!_terminal) return;
        _writer.Write("\r\e[K" + string.Join("   ", _running.Select(phase => $"{phase.Name} {Seconds(_total.Elapsed - phase.Begun)}")));
        _writer.Flush();
    }

    private async Task RefreshAsync()
    {
        using var timer = new PeriodicTimer(_terminal ? _terminalInterval : _plainInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                lock (_gate)
                {
                    if (_terminal) Redraw();
                    else foreach (var (name, begun) in _running) _writer.WriteLine($"{name} ... {Seconds(_total.Elapsed - begun)}");
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
