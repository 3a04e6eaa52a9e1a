using System.Collections.Concurrent;
using InstaGrpc.TestFixtures;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Services.Changes.Tests;

public sealed class FaultTests(AssemblyServers fixture) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AFaultThatNobodyForesawIsLoggedShownAndTriedAgain()
    {
        await using var mesh = await Mesh.CreateAsync(fixture.Servers);
        var logger = new FaultyLogger { IsFaulty = true };
        var publisher = mesh.StartPublisher(logger: logger);

        await publisher.ReachAsync(PublisherState.Failing, mesh.Limit);
        Assert.Equal("nobody foresaw this", publisher.Status.Reason);
        Assert.Equal(1222, Assert.Single(logger.Errors).Id);

        logger.IsFaulty = false;
        await publisher.ReachAsync(PublisherState.Streaming, mesh.Limit);
        Assert.Single(logger.Errors);
    }

    /// <summary>Throws where a session tells how far it has got: no exception that a connection or a server gives.</summary>
    private sealed class FaultyLogger : ILogger
    {
        public volatile bool IsFaulty;

        public ConcurrentQueue<EventId> Errors { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
            {
                Errors.Enqueue(eventId);
            }
            else if (IsFaulty)
            {
                throw new InvalidOperationException("nobody foresaw this");
            }
        }
    }
}
