using Grpc.Core;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh;
using InstaGrpc.Services.Invalidator.Internal;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Services.Invalidator;

/// <summary>The contract <c>insta.invalidator.v1.InvalidatorService</c>.</summary>
internal sealed class InvalidatorGrpcService(DropHub drops, InvalidatorOptions options, TimeProvider time, IHostApplicationLifetime lifetime)
    : InvalidatorService.InvalidatorServiceBase
{
    public override async Task WatchDrops(
        WatchDropsRequest request, IServerStreamWriter<WatchDropsResponse> responses, ServerCallContext context)
    {
        if (!NodeName.TryParse(request.Node, out var node))
        {
            throw new InvalidFieldException("node", "must be a node's name");
        }
        if (!drops.TryFind(node, out var source))
        {
            throw new FailedPreconditionException($"no lineage for node {node} runs here; the directory's table lineages says where");
        }

        var channel = source.Watch();
        // A stream without end would hold up an orderly stop.
        using var stopping = lifetime.ApplicationStopping.UnsafeRegister(_ => channel.Writer.TryComplete(), null);
        try
        {
            var cancellation = context.CancellationToken;
            ulong sequence = 0;
            // The first message tells the owner before anything else happens.
            await SendAsync(new WatchDropsResponse { Owner = source.Owner }).ConfigureAwait(false);
            while (true)
            {
                var ready = channel.Reader.WaitToReadAsync(cancellation).AsTask();
                while (await Task.WhenAny(ready, Task.Delay(options.DropInterval, time, cancellation)).ConfigureAwait(false) != ready)
                {
                    cancellation.ThrowIfCancellationRequested();
                    await SendAsync(new WatchDropsResponse { Owner = source.Owner }).ConfigureAwait(false);
                }
                if (!await ready.ConfigureAwait(false))
                {
                    if (lifetime.ApplicationStopping.IsCancellationRequested)
                    {
                        // An orderly end of the stream: its watcher looks for the next lineage in the directory.
                        return;
                    }
                    throw new UnavailableException($"the lineage for node {node} ended here, or this watcher was too slow: watch again");
                }
                while (channel.Reader.TryRead(out var message))
                {
                    // One message object goes to all watchers: the number is this stream's own.
                    await SendAsync(new WatchDropsResponse(message)).ConfigureAwait(false);
                }
            }

            async Task SendAsync(WatchDropsResponse message)
            {
                message.Sequence = ++sequence;
                await responses.WriteAsync(message, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            // The watcher left.
        }
        finally
        {
            channel.Writer.TryComplete();
        }
    }
}
