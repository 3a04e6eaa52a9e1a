using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace InstaGrpc.TestFixtures;

/// <summary>The executable `insta`, run as whoever deploys it runs it: a process with arguments, variables, output and signals. For test projects that
/// reference services/Host.</summary>
public sealed class InstaProcess : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly BlockingCollection<string?> _lines = [];

    private InstaProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>All lines so far, standard output and error.</summary>
    public ConcurrentQueue<string> Output { get; } = new();

    /// <summary>The executable; where it serves, with <see cref="PatientSettings"/>, unless the variables say otherwise.</summary>
    public static InstaProcess Start(IReadOnlyDictionary<string, string>? variables, params string[] arguments) =>
        InstaProgram.Built.Start(variables, arguments);

    /// <summary>Another program, in the same way.</summary>
    public static InstaProcess StartProgram(string program, IReadOnlyDictionary<string, string>? variables, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["INSTA_STATE"] = Checkout.StateFolder;
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new InstaProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<(int Code, string Output)> RunAsync(IReadOnlyDictionary<string, string>? variables, params string[] arguments) =>
        InstaProgram.Built.RunAsync(variables, arguments);

    public static Task<(int Code, string Output)> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <summary>The first line, now or later, that contains the text.</summary>
    public async Task<string> LineAsync(string text) => await Task.Run(() =>
    {
        var until = Stopwatch.StartNew();
        while (until.Elapsed < _limit && _lines.TryTake(out var line, _limit - until.Elapsed))
        {
            if (line is null) break;
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException($"{_process.StartInfo.FileName} never printed '{text}':\n{string.Join('\n', Output)}");
    });

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The exit code.</summary>
    /// <param name="limit">How long it may take; 2 min unless told.</param>
    public async Task<int> ExitAsync(TimeSpan? limit = null)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit ?? _limit);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException(
                string.Create(CultureInfo.InvariantCulture, $"{_process.StartInfo.FileName} has not ended within {limit ?? _limit}:\n{string.Join('\n', Output)}"));
        }
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("TERM");
            try
            {
                await ExitAsync();
            }
            catch (TimeoutException)
            {
                _process.Kill();
            }
        }
        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null) Output.Enqueue(line);
        _lines.Add(line);
    }
}
