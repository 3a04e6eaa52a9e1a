using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Ratios.Likes;

/// <summary>Users who like one post, so many at a time, each once and each another user: as one is answered the next one calls.</summary>
/// <param name="server">Where they call.</param>
/// <param name="post">What they like.</param>
/// <param name="atATime">How many.</param>
internal sealed class LikerCrowd(Uri server, long post, int atATime) : IDisposable
{
    private const long FirstUser = 1L << 40;

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(server);
    private long _called;

    /// <summary>Likes that were answered with OK, each by a user of its own.</summary>
    public long Answered { get; private set; }

    /// <returns>Likes a second.</returns>
    public async Task<double> RunAsync(TimeSpan time, CancellationToken cancellation)
    {
        var media = new MediaService.MediaServiceClient(_channel);
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, atATime).Select(_ => Task.Run(
            async () =>
            {
                var done = 0L;
                while (watch.Elapsed < time)
                {
                    var user = FirstUser + Interlocked.Increment(ref _called);
                    var headers = new Metadata { { MetadataNames.Caller, string.Create(CultureInfo.InvariantCulture, $"user:{user}") } };
                    await media.LikeAsync(
                        new LikeRequest { MediaId = post }, new CallOptions(headers, DateTime.UtcNow.AddSeconds(30), cancellation));
                    done++;
                }

                return done;
            },
            cancellation))).ConfigureAwait(false);
        Answered += counts.Sum();
        return counts.Sum() / watch.Elapsed.TotalSeconds;
    }

    public void Dispose() => _channel.Dispose();
}
