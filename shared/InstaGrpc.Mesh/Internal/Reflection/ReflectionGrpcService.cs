using Grpc.Core;
using InstaGrpc.Mesh.ReflectionV1;

namespace InstaGrpc.Mesh.Internal.Reflection;

/// <summary><c>grpc.reflection.v1</c>.</summary>
internal sealed class ReflectionGrpcService(ReflectionIndex index) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            await responseStream.WriteAsync(index.Answer(requestStream.Current), context.CancellationToken).ConfigureAwait(false);
        }
    }
}
