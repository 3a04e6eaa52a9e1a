using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Host.Client;

/// <summary>Calls a running mesh as any client does: over gRPC, on the internal listener.</summary>
internal sealed class MeshConnection : IDisposable
{
    /// <summary>Of one call.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(12);

    private readonly Dictionary<string, GrpcChannel> _channels = new(StringComparer.Ordinal);

    /// <param name="addressOf">Where a service is called, <c>http://host:port</c>, by its short name (<c>media</c>); several may be in one place.</param>
    /// <param name="patience">How long a call that a busy mesh did not answer in time is tried again; zero: not at all.</param>
    public MeshConnection(Func<string, string> addressOf, TimeSpan patience = default)
    {
        Media = new MediaService.MediaServiceClient(CallsTo("media"));
        Graph = new GraphService.GraphServiceClient(CallsTo("graph"));
        Feed = new FeedService.FeedServiceClient(CallsTo("feed"));

        CallInvoker CallsTo(string service)
        {
            var address = addressOf(service);
            if (!_channels.TryGetValue(address, out var channel))
            {
                _channels[address] = channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
                {
                    HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(5) },
                });
            }
            return patience == TimeSpan.Zero ? channel.CreateCallInvoker() : channel.Intercept(new PatientCalls(patience));
        }
    }

    public MediaService.MediaServiceClient Media { get; }

    public GraphService.GraphServiceClient Graph { get; }

    public FeedService.FeedServiceClient Feed { get; }

    public static CallOptions AsUser(long id, CancellationToken ct, string? token = null) =>
        As(string.Create(CultureInfo.InvariantCulture, $"user:{id}"), ct, token);

    public static CallOptions AsAdmin(CancellationToken ct) => As("admin", ct, null);

    public static CallOptions AsService(string name, CancellationToken ct) => As($"service:{name}", ct, null);

    /// <summary>The newest write that a call's trailers tell of; null if none.</summary>
    public static string? TokenOf(Metadata trailers) => trailers.GetValue(MetadataNames.ReadToken);

    public void Dispose()
    {
        foreach (var channel in _channels.Values) channel.Dispose();
    }

    private static CallOptions As(string caller, CancellationToken ct, string? token)
    {
        var headers = new Metadata { { MetadataNames.Caller, caller } };
        if (token is not null) headers.Add(MetadataNames.ReadToken, token);
        return new CallOptions(headers, DateTime.UtcNow + Deadline, ct);
    }
}
