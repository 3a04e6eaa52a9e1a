using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// An interceptor that looks at a call, of whatever kind, and lets it pass or throws. No await, so it costs the call nothing but itself.
/// </summary>
internal abstract class CheckInterceptor : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Look(context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Look(context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Look(context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Look(context);
        return continuation(requestStream, responseStream, context);
    }

    /// <summary>Looks at a call that has a contract.</summary>
    /// <exception cref="DomainException">The call may not go on.</exception>
    protected abstract void Check(MeshCallContext call);

    private void Look(ServerCallContext context)
    {
        if (context is MeshCallContext call)
        {
            Check(call);
        }
    }
}
