using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Http2;

namespace InstaGrpc.Load.Mesh;

/// <summary>Calls the services of a mesh on its internal listener, as any of its users.</summary>
internal sealed class MeshClient : IAsyncDisposable
{
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(12);

    private readonly GrpcChannel _channel;
    private readonly Http2CallInvoker _calls;

    /// <param name="address"><c>http://host:port</c></param>
    /// <param name="planted">A fault that is made here, for tests of those who should find it; null: none.</param>
    public MeshClient(string address, Interceptor? planted = null)
    {
        Patient = new PatientCalls(address);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                // A server that has gone away is noticed, and asked again soon.
                EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(5),
            },
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(100), MaxReconnectBackoff = TimeSpan.FromSeconds(1),
        });
        _calls = new Http2CallInvoker(new Uri(address), _channel.CreateCallInvoker());
        var calls = planted is null ? _calls : _calls.Intercept(planted);
        Media = new MediaService.MediaServiceClient(calls);
        Graph = new GraphService.GraphServiceClient(calls);
        Feed = new FeedService.FeedServiceClient(calls);
    }

    /// <summary>For those who prepare a run, and who compare at its end.</summary>
    public PatientCalls Patient { get; }

    public MediaService.MediaServiceClient Media { get; }

    public GraphService.GraphServiceClient Graph { get; }

    public FeedService.FeedServiceClient Feed { get; }

    public static CallOptions AsAdmin(CancellationToken ct) => As("admin", null, ct);

    /// <param name="user">The user's id.</param>
    /// <param name="token">His newest write; null: none, or he does not ask for it.</param>
    /// <param name="ct">Ends the call.</param>
    public static CallOptions AsUser(long user, string? token, CancellationToken ct) =>
        As(string.Create(CultureInfo.InvariantCulture, $"user:{user}"), token, ct);

    public async ValueTask DisposeAsync()
    {
        await _calls.DisposeAsync().ConfigureAwait(false);
        _channel.Dispose();
    }

    private static CallOptions As(string caller, string? token, CancellationToken ct)
    {
        var headers = new Metadata { { MetadataNames.Caller, caller } };
        if (!string.IsNullOrEmpty(token)) headers.Add(MetadataNames.ReadToken, token);
        return new CallOptions(headers, DateTime.UtcNow + _deadline, ct);
    }
}
