using System.Collections.Concurrent;
using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.IdV1;

namespace InstaGrpc.Ratios.Edge;

/// <summary>Calls, and what became of them.</summary>
internal sealed class Callers : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(12);

    private readonly GrpcChannel _channel;
    private readonly IdService.IdServiceClient _client;
    private readonly NextRequest _request = new() { Shard = 42 };
    private readonly Metadata _headers = new() { { MetadataNames.Caller, "service:bench" } };

    public Callers(Uri server)
    {
        _channel = GrpcChannel.ForAddress(server, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
        });
        _client = new(_channel);
    }

    /// <summary>A fixed number of callers, each with the next call when the last has ended.</summary>
    public async Task<Outcome> TogetherAsync(int callers, TimeSpan time, CancellationToken cancellation)
    {
        var outcome = new Outcome();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (watch.Elapsed < time)
            {
                await CallAsync(outcome, cancellation).ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
        outcome.Time = watch.Elapsed;
        return outcome;
    }

    /// <summary>So many calls a second, whatever becomes of them.</summary>
    public async Task<Outcome> AtRateAsync(double perSecond, TimeSpan time, CancellationToken cancellation)
    {
        var outcome = new Outcome();
        var calls = new ConcurrentBag<Task>();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var watch = Stopwatch.StartNew();
        for (var sent = 0L; watch.Elapsed < time; await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            for (var due = (long)(watch.Elapsed.TotalSeconds * perSecond); sent < due; sent++)
            {
                calls.Add(CallAsync(outcome, cancellation));
            }
        }

        outcome.Time = watch.Elapsed;
        await Task.WhenAll(calls).ConfigureAwait(false);
        return outcome;
    }

    public void Dispose() => _channel.Dispose();

    private async Task CallAsync(Outcome outcome, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await _client.NextAsync(_request, new CallOptions(_headers, DateTime.UtcNow + _patience, cancellation)).ConfigureAwait(false);
            outcome.Answered.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted && e.Trailers.GetValue(MetadataNames.RetryPushback) is not null)
        {
            outcome.Refused.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            Interlocked.Increment(ref outcome.Failed);
        }
    }

    /// <summary>What became of some calls: times in ms.</summary>
    internal sealed class Outcome
    {
        /// <summary>Neither answered nor refused in the way that they should be.</summary>
        public int Failed;

        public ConcurrentBag<double> Answered { get; } = [];

        public ConcurrentBag<double> Refused { get; } = [];

        public TimeSpan Time { get; set; }

        public double PerSecond => Answered.Count / Time.TotalSeconds;

        public static double Quantile(ConcurrentBag<double> times, double fraction)
        {
            var sorted = times.Order().ToArray();
            return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * fraction))];
        }
    }
}
