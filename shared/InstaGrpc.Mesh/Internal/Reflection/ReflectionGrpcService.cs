using Grpc.Core;
using InstaGrpc.Mesh.ReflectionV1;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Mesh.Internal.Reflection;

/// <summary><c>grpc.reflection.v1</c>.</summary>
internal sealed class ReflectionGrpcService(ReflectionIndex index, IHostApplicationLifetime lifetime) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        // The caller ends it when he likes: not later than this process.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            while (await requestStream.MoveNext(either.Token).ConfigureAwait(false))
            {
                await responseStream.WriteAsync(index.Answer(requestStream.Current), context.CancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "this process is stopping"));
        }
    }
}
