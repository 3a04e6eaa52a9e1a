using System.Text;
using Grpc.Core;
using Xunit;

namespace InstaGrpc.TestFixtures;

/// <summary>What a failed call says.</summary>
public static class Statuses
{
    /// <summary>The call fails with this status; its detail.</summary>
    public static async Task<string> FailsAsync<T>(this AsyncUnaryCall<T> call, StatusCode code)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.True(failure.StatusCode == code, $"{failure.Status} instead of {code}");
        return failure.Status.Detail;
    }

    /// <summary>The call is NOT_FOUND, and its details (google.rpc.BadRequest) name the field.</summary>
    public static async Task MissesAsync<T>(this AsyncUnaryCall<T> call, string field)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.True(failure.StatusCode == StatusCode.NotFound, $"{failure.Status} instead of NotFound");
        var details = failure.Trailers.GetValueBytes("grpc-status-details-bin") ?? [];

        // Field 1, with its length.
        Assert.Contains($"\n{(char)field.Length}{field}", Encoding.Latin1.GetString(details), StringComparison.Ordinal);
    }

    /// <summary>The call is INVALID_ARGUMENT and names the field.</summary>
    public static async Task RefusesAsync<T>(this AsyncUnaryCall<T> call, string field)
    {
        var detail = await call.FailsAsync(StatusCode.InvalidArgument);
        Assert.StartsWith(field + ":", detail, StringComparison.Ordinal);
    }
}
