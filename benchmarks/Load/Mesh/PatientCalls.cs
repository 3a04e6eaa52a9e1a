using System.Diagnostics;
using System.Globalization;
using Grpc.Core;

namespace InstaGrpc.Load.Mesh;

/// <summary>Calls again while a busy mesh does not answer in time; for what may be repeated.</summary>
/// <param name="address">Of the mesh, for whoever reads what went wrong.</param>
internal sealed class PatientCalls(string address)
{
    /// <summary>How long a call is repeated before a run.</summary>
    public static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    public Task<T> CallAsync<T>(Func<AsyncUnaryCall<T>> call, CancellationToken ct) => CallAsync(call, StartLimit, ct);

    /// <param name="call">The call.</param>
    /// <param name="within">How long it is repeated; nothing: it is tried once.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidOperationException">The mesh did not answer it within that time.</exception>
    public async Task<T> CallAsync<T>(Func<AsyncUnaryCall<T>> call, TimeSpan within, CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var pause = 20; ; pause = Math.Min(pause * 2, 1000))
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (RpcException) when (ct.IsCancellationRequested)
            {
                throw new OperationCanceledException(ct);
            }
            catch (RpcException e) when (
                e.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.Internal)
            {
                if (Stopwatch.GetElapsedTime(begun) is var tried && tried > within)
                {
                    throw new InvalidOperationException(string.Create(
                        CultureInfo.InvariantCulture, $"the mesh at {address} does not answer, tried for {tried.TotalSeconds:0} s: {e.StatusCode} {e.Status.Detail}"));
                }

                await Task.Delay(pause, ct).ConfigureAwait(false);
            }
        }
    }
}
