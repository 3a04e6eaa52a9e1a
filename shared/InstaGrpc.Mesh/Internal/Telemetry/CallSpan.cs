using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Mesh.Internal.Server;

namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>What the span of a served call tells, after the semantic conventions of RPC.</summary>
internal static class CallSpan
{
    /// <summary>What is known from the request: the logical shard that it is about.</summary>
    public static void Begin(MethodContract contract, IMessage? request)
    {
        // Also of calls that nobody has sampled: what turns out slow or failed is kept, and then wanted whole.
        if (Activity.Current is { IsAllDataRequested: true } activity && request is not null
            && contract.Policy.ShardKey is { } path && path.Read(request).Integer is > 0 and var id)
        {
            activity.SetTag(MeshTags.Shard, new InstaId(id).Shard);
        }
    }

    /// <summary>What is known when the call ends.</summary>
    public static void End(MeshCallContext call, StatusCode code)
    {
        if (Activity.Current is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        Name(activity, call.Contract.FullName);
        activity.SetTag(MeshTags.Status, (int)code);
        activity.SetTag(MeshTags.Caller, call.Caller.Kind.ToString());
        if (code is StatusCode.Internal or StatusCode.Unavailable or StatusCode.Unknown or StatusCode.DataLoss
            or StatusCode.DeadlineExceeded or StatusCode.Unimplemented)
        {
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <param name="activity">The span of a call, at either of its ends.</param>
    /// <param name="method">"package.Service/Method".</param>
    public static void Name(Activity activity, string method)
    {
        activity.DisplayName = method;
        activity.SetTag(MeshTags.System, "grpc");
        if (method.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash)
        {
            activity.SetTag(MeshTags.Service, method[..slash]);
            activity.SetTag(MeshTags.Method, method[(slash + 1)..]);
        }
    }
}
