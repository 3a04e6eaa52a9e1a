using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Handlers that run for their own caller: chooses the node, lets deadline, user and tokens flow into the calls that the handler makes,
/// and takes the tokens of its writes.
/// </summary>
internal sealed class HandlerCalls(CallFlow flow, NodeChooser nodes)
{
    /// <summary>Runs the server's own continuation.</summary>
    /// <param name="call">The call, which has passed every check.</param>
    /// <param name="request">Null where the request is a stream.</param>
    /// <param name="run">The continuation, with this call as its context.</param>
    public async Task<T> RunAsync<T>(MeshCallContext call, IMessage? request, Func<Task<T>> run)
    {
        var writes = await EnterAsync(call, request).ConfigureAwait(false);
        flow.Enter(FlowOf(call));
        try
        {
            return await run().ConfigureAwait(false);
        }
        finally
        {
            if (writes is { Token: { IsEmpty: false } token })
            {
                call.Tokens.Add(token);
            }
        }
    }

    /// <summary>Runs a handler that needs nothing of the call's scope (<see cref="ServedMethod.AtOnce"/>), without a frame of its own.</summary>
    /// <param name="call">The call, which has passed every check and whose epoch this process has.</param>
    /// <param name="request">The request.</param>
    /// <param name="handler">The handler.</param>
    /// <exception cref="Exception">Whatever the handler threw before it returned.</exception>
    public Task<TResponse> RunAtOnce<TRequest, TResponse>(
        MeshCallContext call, TRequest request, Func<TRequest, ServerCallContext, Task<TResponse>> handler)
    {
        if (ExecutionContext.Capture() is not { } outside)
        {
            return RunAsync(call, request as IMessage, () => handler(request, call));
        }

        // As an async method would have it: what is set inside does not leave it.
        flow.Enter(FlowOf(call));
        try
        {
            return handler(request, call);
        }
        finally
        {
            ExecutionContext.Restore(outside);
        }
    }

    /// <summary>Whether the shard map that the caller goes by is known here.</summary>
    public bool KnowsEpochOf(MeshCallContext call) => call.Epoch is not { } epoch || nodes.Knows(epoch);

    private static Flow FlowOf(MeshCallContext call) =>
        new(call.Contract, call.Deadline, call.Caller.UserId, call.MaxStale, call.Tokens, Run: null);

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
        var choosing = nodes.ChooseAsync(call.Contract, request, call.CallerCancellation);
        scope.GetRequiredService<NodeReadScope>().Node = choosing.IsCompletedSuccessfully
            ? choosing.Result
            : await call.WaitAsync(choosing).ConfigureAwait(false);
        return scope.GetRequiredService<IWriteTokens>();
    }
}
