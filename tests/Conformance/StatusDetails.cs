using Connectrpc.Conformance.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace InstaGrpc.Conformance;

/// <summary>The suite's errors as gRPC status with details, both ways.</summary>
internal static class StatusDetails
{
    private const string Trailer = "grpc-status-details-bin";

    /// <summary>The exception with which a handler ends its call so; the details go into the trailers.</summary>
    public static RpcException ToException(Error error, Metadata trailers, IEnumerable<Any> moreDetails)
    {
        var status = new RpcStatus { Code = (int)error.Code, Message = error.Message, Details = { error.Details, moreDetails } };
        if (status.Details.Count > 0)
        {
            trailers.Add(Trailer, status.ToByteArray());
        }

        return new RpcException(new Status((StatusCode)(int)error.Code, error.Message));
    }

    public static Error FromException(RpcException exception)
    {
        var error = new Error { Code = (Code)(int)exception.StatusCode, Message = exception.Status.Detail };
        if (exception.Trailers.GetValueBytes(Trailer) is { } bytes)
        {
            error.Details.Add(RpcStatus.Parser.ParseFrom(bytes).Details);
        }

        return error;
    }
}
