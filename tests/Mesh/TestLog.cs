using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Tests;

/// <summary>Keeps the errors; shows warnings too with INSTA_TEST_LOG=1.</summary>
internal sealed class TestLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _warnings = new();

    public IReadOnlyCollection<string> Errors => _errors;

    public IReadOnlyCollection<string> Warnings => _warnings;

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, _errors, _warnings);

    public void Dispose()
    {
    }

    private sealed class Category(string name, ConcurrentQueue<string> errors, ConcurrentQueue<string> warnings) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
        {
            if (logLevel >= LogLevel.Error)
            {
                errors.Enqueue($"{formatter(state, exception)} {exception}");
            }

            if (logLevel == LogLevel.Warning)
            {
                warnings.Enqueue(formatter(state, exception));
            }

            if (IsEnabled(logLevel) && Environment.GetEnvironmentVariable("INSTA_TEST_LOG") is { Length: > 0 })
            {
                Console.WriteLine($"{logLevel} {name} {formatter(state, exception)} {exception}");
            }
        }
    }
}
