using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Mesh.ReflectionV1Alpha;
using Microsoft.Extensions.Hosting;

namespace InstaGrpc.Mesh.Internal.Reflection;

/// <summary><c>grpc.reflection.v1alpha</c>: the same messages under another name, so they are carried over by their bytes.</summary>
internal sealed class ReflectionAlphaGrpcService(ReflectionIndex index, IHostApplicationLifetime lifetime) : ServerReflection.ServerReflectionBase
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
                var request = ReflectionV1.ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString());
                var response = ServerReflectionResponse.Parser.ParseFrom(index.Answer(request).ToByteString());
                await responseStream.WriteAsync(response, context.CancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "this process is stopping"));
        }
    }
}
