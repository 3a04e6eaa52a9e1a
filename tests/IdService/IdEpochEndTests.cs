using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Services.IdService;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.IdService.Tests;

public sealed class IdEpochEndTests
{
    [Theory]
    [InlineData(4, true)]
    [InlineData(6, false)]
    public async Task AWarningIsLoggedInTheLastYears(int years, bool expected)
    {
        var log = new Lines();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var end = new IdEpochEnd(
            meters, log, new StoppedClock(InstaId.SignedEnd.AddDays(-years * 365)));
        var left = 0.0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                // Not those of other tests.
                if (ReferenceEquals(instrument.Meter.Scope, meters)) own.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => left = value);
        listener.Start();

        end.Look();
        listener.RecordObservableInstruments();

        Assert.Equal(expected, log.Count == 1);
        Assert.Equal(TimeSpan.FromDays(years * 365).TotalSeconds, left);
    }

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed class Lines : ILogger<IdEpochEnd>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Count += logLevel == LogLevel.Warning ? 1 : 0;
    }
}
