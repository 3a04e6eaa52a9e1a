using Microsoft.Extensions.Logging;

namespace InstaGrpc.Photos.Internal;

/// <summary>Sends <c>PURGE path</c> to every address of <see cref="PhotoOptions.Edges"/>, as Varnish, nginx and others take it.</summary>
internal sealed partial class HttpEdgePurge(PhotoOptions options, ILogger<HttpEdgePurge> logger) : IEdgePurge, IDisposable
{
    private static readonly HttpMethod _purge = new("PURGE");
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = new() { Timeout = _limit };

    public async ValueTask PurgeAsync(IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        foreach (var edge in options.Edges)
        {
            try
            {
                foreach (var path in paths)
                {
                    using var request = new HttpRequestMessage(_purge, new Uri(new Uri(edge), path));
                    using var answer = await _client.SendAsync(request, cancellation).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                LogAway(edge, e.Message);
            }
        }
    }

    public void Dispose() => _client.Dispose();

    [LoggerMessage(2102, LogLevel.Warning, "The edge {Edge} could not be told what is deleted; a later round tells it again: {Reason}")]
    private partial void LogAway(string edge, string reason);
}
