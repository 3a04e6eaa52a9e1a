using Google.Protobuf;
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
        call.EnterPipeline();
        flow.Enter(new Flow(call.Contract, call.Deadline, call.Caller.UserId, call.MaxStale, call.Tokens, Run: null));
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
