using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Tests;

/// <summary>Shows warnings and errors beside a failing test.</summary>
internal sealed class TestLog : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(categoryName);

    public void Dispose()
    {
    }

    private sealed class Category(string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && Environment.GetEnvironmentVariable("INSTA_TEST_LOG") is { Length: > 0 })
            {
                Console.WriteLine($"{logLevel} {name} {formatter(state, exception)} {exception}");
            }
        }
    }
}
