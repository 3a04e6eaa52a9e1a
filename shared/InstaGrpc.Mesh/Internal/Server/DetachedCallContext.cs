using Grpc.Core;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The context of a handler run that belongs to no single caller: no peer, no headers, no identity (but the user's where the method
/// varies by it). Its deadline is the run's.
/// </summary>
internal sealed class DetachedCallContext(
    MethodContract contract, DateTime deadline, long? userId, bool variesByCaller, CancellationToken cancellation)
    : ServerCallContext, ICallerSource
{
    private readonly Metadata _headers = [];
    private readonly Metadata _trailers = [];
    private readonly AuthContext _auth = new(null, []);

    public Caller ReadCaller() => variesByCaller && userId is { } id ? Caller.User(id)
        : throw new UndeclaredCallerException(contract.FullName);

    protected override string MethodCore => "/" + contract.FullName;

    protected override string HostCore => string.Empty;

    protected override string PeerCore => throw new UndeclaredCallerException(contract.FullName);

    protected override DateTime DeadlineCore => deadline;

    protected override Metadata RequestHeadersCore => _headers;

    protected override CancellationToken CancellationTokenCore => cancellation;

    protected override Metadata ResponseTrailersCore => _trailers;

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _auth;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => throw new NotSupportedException(
        $"{contract.FullName} is cached: a run has no response headers of its own.");

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Use the mesh's clients: they carry the deadline on.");
}
