using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Mesh.GrpcWeb;
using InstaGrpc.Mesh.Internal.Server;

namespace InstaGrpc.Mesh.Internal.Edge;

/// <summary>
/// Which answers to the outside are compressed: those of more than 1 KB, for smaller ones win less than a packet. Not those of methods that everybody may
/// call: they hold what signs a user in, beside text that somebody else may have chosen, and the length of both compressed together tells of it
/// (BREACH).
/// </summary>
internal static class ResponseCompression
{
    public const string Algorithm = "gzip";

    private const int Least = 1024;

    private static readonly WriteOptions s_asItIs = new(WriteFlags.NoCompress);

    /// <summary>Decides on an answer that is about to be written.</summary>
    public static void Choose(MeshCallContext call, object? response)
    {
        var web = call.Http.Features.Get<GrpcWebResponse>();
        if (call.Contract.Policy.Permits(Contracts.Caller.Anonymous) || (response as IMessage)?.CalculateSize() is null or < Least)
        {
            call.WriteOptions = s_asItIs;
        }
        else if (web is not null)
        {
            call.WriteOptions = s_asItIs;
            web.Compress();
        }
    }
}
