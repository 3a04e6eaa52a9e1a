using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.Host.Client;

/// <summary>
/// Repeats unary calls that a busy mesh did not answer in time, for work that takes minutes anyway. Only for calls that may be repeated: reads,
/// and writes that carry a request id or end in the same state.
/// </summary>
/// <param name="limit">How long one call is tried.</param>
internal sealed class PatientCalls(TimeSpan limit) : Interceptor
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(2);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        AsyncUnaryCall<TResponse>? last = null;
        return new AsyncUnaryCall<TResponse>(
            AnswerAsync(), AnsweredAsync(), () => last!.GetStatus(), () => last!.GetTrailers(), () => last?.Dispose());

        async Task<TResponse> AnswerAsync()
        {
            var until = DateTime.UtcNow + limit;
            for (var pause = _firstPause; ; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, _longestPause.Ticks)))
            {
                try
                {
                    var options = context.Options.WithDeadline(DateTime.UtcNow + MeshConnection.Deadline);
                    last = continuation(request, new(context.Method, context.Host, options));
                    return await last.ResponseAsync;
                }
                catch (RpcException e) when (
                    e.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Unavailable or StatusCode.ResourceExhausted && DateTime.UtcNow < until)
                {
                    await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), context.Options.CancellationToken);
                }
            }
        }

        async Task<Metadata> AnsweredAsync() => await last!.ResponseHeadersAsync;
    }
}
