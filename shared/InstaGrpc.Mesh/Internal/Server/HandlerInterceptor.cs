using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using InstaGrpc.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The innermost, for handlers that run for their own caller: chooses the node, lets deadline, caller and tokens flow into the calls
/// that the handler makes, and takes the tokens of its writes.
/// </summary>
internal sealed class HandlerInterceptor(CallFlow flow, NodeChooser nodes) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (context is not MeshCallContext call)
        {
            return await continuation(request, context).ConfigureAwait(false);
        }

        var writes = await EnterAsync(call, request as IMessage).ConfigureAwait(false);
        flow.Enter(FlowOf(call));
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        finally
        {
            Collect(call, writes);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        if (context is not MeshCallContext call)
        {
            return await continuation(requestStream, context).ConfigureAwait(false);
        }

        var writes = await EnterAsync(call, null).ConfigureAwait(false);
        flow.Enter(FlowOf(call));
        try
        {
            return await continuation(requestStream, context).ConfigureAwait(false);
        }
        finally
        {
            Collect(call, writes);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        if (context is not MeshCallContext call)
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
            return;
        }

        var writes = await EnterAsync(call, request as IMessage).ConfigureAwait(false);
        flow.Enter(FlowOf(call));
        try
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
        }
        finally
        {
            Collect(call, writes);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        if (context is not MeshCallContext call)
        {
            await continuation(requestStream, responseStream, context).ConfigureAwait(false);
            return;
        }

        var writes = await EnterAsync(call, null).ConfigureAwait(false);
        flow.Enter(FlowOf(call));
        try
        {
            await continuation(requestStream, responseStream, context).ConfigureAwait(false);
        }
        finally
        {
            Collect(call, writes);
        }
    }

    private static Flow FlowOf(MeshCallContext call) => new(call.Contract, call.Deadline, call.Caller.UserId, call.MaxStale, call.Tokens, Run: null);

    private static void Collect(MeshCallContext call, IWriteTokens? writes)
    {
        if (writes is { Token: { IsEmpty: false } token })
        {
            call.Tokens.Add(token);
        }
    }

    private async ValueTask<IWriteTokens?> EnterAsync(MeshCallContext call, IMessage? request)
    {
        if (!nodes.HasNodes)
        {
            return null;
        }

        if (call.Epoch is { } epoch)
        {
            await nodes.CatchUpAsync(epoch, call.CancellationToken).ConfigureAwait(false);
        }

        var scope = call.Http.RequestServices;
        scope.GetRequiredService<NodeReadScope>().Node = await nodes.ChooseAsync(call.Contract, request, call.CancellationToken)
            .ConfigureAwait(false);
        return scope.GetRequiredService<IWriteTokens>();
    }
}
