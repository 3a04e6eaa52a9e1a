using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Mesh.ReflectionV1Alpha;

namespace InstaGrpc.Mesh.Internal.Reflection;

/// <summary><c>grpc.reflection.v1alpha</c>: the same messages under another name, so they are carried over by their bytes.</summary>
internal sealed class ReflectionAlphaGrpcService(ReflectionIndex index) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            var request = ReflectionV1.ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString());
            var response = ServerReflectionResponse.Parser.ParseFrom(index.Answer(request).ToByteString());
            await responseStream.WriteAsync(response, context.CancellationToken).ConfigureAwait(false);
        }
    }
}
