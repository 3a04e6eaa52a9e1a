using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Ratios.Feed;

/// <summary>Who reads feeds: as fast as they are answered, or so many a second.</summary>
internal sealed class FeedReaders(Uri server, int pageSize) : IDisposable
{
    private const int ColdAttempts = 10;

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(server);

    /// <summary>One page, as the reader himself asks for it.</summary>
    public async Task<HomeFeedResponse> ReadAsync(long reader, CancellationToken cancellation)
    {
        var headers = new Metadata { { MetadataNames.Caller, string.Create(CultureInfo.InvariantCulture, $"user:{reader}") } };
        return await new FeedService.FeedServiceClient(_channel).HomeFeedAsync(
            new HomeFeedRequest { UserId = reader, PageSize = pageSize }, new CallOptions(headers, DateTime.UtcNow.AddSeconds(30), cancellation));
    }

    /// <summary>The same from a process that may need longer than the contract's deadline, because nothing is compiled or cached yet.</summary>
    public async Task<HomeFeedResponse> ReadColdAsync(long reader, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadAsync(reader, cancellation).ConfigureAwait(false);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded && attempt < ColdAttempts)
            {
            }
        }
    }

    /// <summary>So many at a time, each the next one as soon as one is answered.</summary>
    /// <returns>Pages a second.</returns>
    public static async Task<double> SaturateAsync(
        long[] readers, int atATime, TimeSpan time, Func<long, CancellationToken, Task> read, CancellationToken cancellation)
    {
        var next = -1;
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, atATime).Select(_ => Task.Run(
            async () =>
            {
                var done = 0L;
                while (watch.Elapsed < time)
                {
                    await read(readers[(Interlocked.Increment(ref next) & int.MaxValue) % readers.Length], cancellation).ConfigureAwait(false);
                    done++;
                }

                return done;
            },
            cancellation))).ConfigureAwait(false);
        return counts.Sum() / watch.Elapsed.TotalSeconds;
    }

    /// <summary>So many a second, whether earlier ones are answered or not.</summary>
    /// <returns>Of each, ms from the moment when it was due; ascending.</returns>
    public async Task<double[]> PaceAsync(long[] readers, int perSecond, TimeSpan time, CancellationToken cancellation)
    {
        List<Task<double>> calls = [];
        var watch = Stopwatch.StartNew();
        for (var due = TimeSpan.Zero; due < time; due = TimeSpan.FromSeconds((double)calls.Count / perSecond))
        {
            while (watch.Elapsed < due)
            {
                await Task.Delay(1, cancellation).ConfigureAwait(false);
            }

            calls.Add(CallAsync(readers[calls.Count % readers.Length], due));
        }

        return [.. (await Task.WhenAll(calls).ConfigureAwait(false)).Order()];

        async Task<double> CallAsync(long reader, TimeSpan due)
        {
            await ReadAsync(reader, cancellation).ConfigureAwait(false);
            return (watch.Elapsed - due).TotalMilliseconds;
        }
    }

    public void Dispose() => _channel.Dispose();
}
