using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Mesh.Internal.Rpc;
using InstaGrpc.Postgres;
using Npgsql;
using Status = Grpc.Core.Status;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The one place where exceptions become gRPC statuses. What it does not know is INTERNAL with a trace id, and nothing of the inside:
/// no message, no type, no address.
/// </summary>
internal static class ErrorTable
{
    private static readonly TimeSpan s_overloadPause = TimeSpan.FromMilliseconds(100);

    /// <summary>The status for an exception that left a handler.</summary>
    /// <param name="exception">What left it.</param>
    /// <param name="call">The call; null for one without a contract.</param>
    /// <param name="isUnexpected">Whether it must be logged as an error.</param>
    public static RpcException Translate(Exception exception, MeshCallContext? call, out bool isUnexpected)
    {
        isUnexpected = false;
        switch (exception)
        {
            case InvalidFieldException invalid:
                return With(invalid.StatusCode, invalid.Message, Details(invalid));
            case EntityNotFoundException { Field: { } field } missing:
                return With(missing.StatusCode, missing.Message, Details(missing.StatusCode, missing.Message, [new(field, missing.Message)]));
            case ResourceExhaustedException { RetryAfter: { } pause } exhausted:
                return With(exhausted.StatusCode, exhausted.Message, Pushback(pause));
            case WrongShardException wrong:
                return With(wrong.StatusCode, wrong.Message, new Metadata
                {
                    { MetadataNames.Epoch, wrong.Epoch.ToString(CultureInfo.InvariantCulture) },
                });
            case DomainException domain:
                return With(domain.StatusCode, domain.Message);
            case AdmissionRefusedException:
                return With(StatusCode.ResourceExhausted, "the node of this call has all the work that it can take",
                    Pushback(s_overloadPause));
            case ReadOverdueException:
                return With(StatusCode.DeadlineExceeded, "the call's time is over");
            case NodeUnavailableException unavailable:
                return With(StatusCode.Unavailable, $"the database node {unavailable.Node} cannot be reached at the moment");
            case RequestIdReusedException:
                return With(StatusCode.InvalidArgument, "request_id: was used for another write already",
                    Details(new InvalidFieldException("request_id", "was used for another write already; make a new one for each write")));
            case RpcException rpc:
                return Downstream(rpc, out isUnexpected);
            case OperationCanceledException or TimeoutException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
                when call is not null:
                if (call.IsOverdue)
                {
                    return With(StatusCode.DeadlineExceeded, "the call's time is over");
                }

                if (call.IsAbandoned && exception is not TimeoutException)
                {
                    return With(StatusCode.Cancelled, "the caller has cancelled the call");
                }

                break;
            case IOException when call is { IsAbandoned: true }:
                // What a reset stream does to whoever reads or writes it.
                return With(StatusCode.Cancelled, "the caller has cancelled the call");
            case PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected }:
                return With(StatusCode.Aborted, "another write was in the way; repeat the call");
            case NpgsqlException npgsql when NodeUnavailableException.IsCausedBy(npgsql):
                return With(StatusCode.Unavailable, "a database cannot be reached at the moment");
        }

        isUnexpected = true;
        return With(StatusCode.Internal, $"an internal error; trace {TraceId(call)}");
    }

    private static string TraceId(MeshCallContext? call) =>
        Activity.Current?.TraceId.ToHexString() ?? call?.Http.TraceIdentifier ?? "unknown";

    // A status that another service gave is an answer for our caller too; what the transport says of itself (addresses) is not.
    private static RpcException Downstream(RpcException rpc, out bool isUnexpected)
    {
        isUnexpected = false;
        var status = rpc.Status;
        if (status.DebugException is not null && status.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown)
        {
            isUnexpected = status.StatusCode != StatusCode.Unavailable;
            return With(StatusCode.Unavailable, "a service that this call needs cannot be reached at the moment");
        }

        var trailers = new Metadata();
        foreach (var entry in rpc.Trailers)
        {
            if (entry.Key is "grpc-status-details-bin" or MetadataNames.RetryPushback)
            {
                trailers.Add(entry);
            }
        }

        // The client side gives no word when it is the one that ended the call.
        var detail = status is { StatusCode: StatusCode.DeadlineExceeded, Detail.Length: 0 }
            ? "a service that this call needs did not answer within the call's time"
            : status.Detail;
        return new RpcException(new Status(status.StatusCode, detail), trailers);
    }

    private static RpcException With(StatusCode code, string message, Metadata? trailers = null) =>
        new(new Status(code, message), trailers ?? [], message);

    private static Metadata Pushback(TimeSpan pause) => new()
    {
        { MetadataNames.RetryPushback, ((long)Math.Ceiling(pause.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture) },
    };

    private static Metadata Details(InvalidFieldException invalid) => Details(invalid.StatusCode, invalid.Message, invalid.Violations);

    private static Metadata Details(StatusCode code, string message, IReadOnlyList<FieldViolation> violations)
    {
        var request = new BadRequest();
        request.FieldViolations.AddRange(violations.Select(v =>
            new BadRequest.Types.FieldViolation { Field = v.Field, Description = v.Description }));
        var status = new Rpc.Status { Code = (int)code, Message = message };
        status.Details.Add(Any.Pack(request));
        return new Metadata { { "grpc-status-details-bin", status.ToByteArray() } };
    }
}
