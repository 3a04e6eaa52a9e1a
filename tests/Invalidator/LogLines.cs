using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Invalidator.Tests;

/// <summary>What a role has logged, for a test that waits until it has come to a certain place.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public async Task UntilAsync(string text)
    {
        using var limit = new CancellationTokenSource(Mesh.Limit);
        while (!_lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            await Task.Delay(5, limit.Token);
        }
    }

    public int Count(string text) => _lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue(formatter(state, exception));

    public void Dispose()
    {
    }
}
