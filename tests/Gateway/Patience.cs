using Grpc.Core;
using InstaGrpc.Contracts;

namespace InstaGrpc.Gateway.Tests;

internal static class Patience
{
    /// <summary>Makes a call again while one address makes too many, when it was told to.</summary>
    public static async Task<T> PatientlyAsync<T>(this Task<T> call, Func<Task<T>> again)
    {
        while (true)
        {
            try
            {
                return await call;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                await Task.Delay(int.Parse(e.Trailers.GetValue(MetadataNames.RetryPushback)!));
                call = again();
            }
        }
    }
}
