using Grpc.Core;

namespace InstaGrpc.Robustness.Feeds.Traffic;

/// <summary>Calls of a mesh whose machine is busy, and whose servers are killed: no answer is not a wrong one, and every write can be repeated.</summary>
internal static class PatientCalls
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Calls until there is an answer.</summary>
    /// <exception cref="RpcException">The mesh refuses.</exception>
    public static async Task<T> UntilAnsweredAsync<T>(Func<AsyncUnaryCall<T>> call, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                using var running = call();
                return await running.ResponseAsync;
            }
            catch (RpcException e) when (!cancellation.IsCancellationRequested
                && e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted)
            {
                await Task.Delay(_pause, cancellation);
            }
        }
    }
}
