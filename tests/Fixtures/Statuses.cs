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

    /// <summary>The call is INVALID_ARGUMENT and names the field.</summary>
    public static async Task RefusesAsync<T>(this AsyncUnaryCall<T> call, string field)
    {
        var detail = await call.FailsAsync(StatusCode.InvalidArgument);
        Assert.StartsWith(field + ":", detail, StringComparison.Ordinal);
    }
}
