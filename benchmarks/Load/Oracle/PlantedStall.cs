using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.Load.Oracle;

/// <summary>A mesh that does nothing for a second now and then: each call of the last second of every three waits for its end. For tests of the open loop, which
/// must charge for it.</summary>
internal sealed class PlantedStall : Interceptor
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _stall = TimeSpan.FromSeconds(1);

    private readonly long _begun = Stopwatch.GetTimestamp();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var into = TimeSpan.FromTicks(Stopwatch.GetElapsedTime(_begun).Ticks % _period.Ticks);
        var wait = into < _period - _stall ? TimeSpan.Zero : _period - into;
        var call = new Lazy<Task<AsyncUnaryCall<TResponse>>>(async () =>
        {
            if (wait > TimeSpan.Zero) await Task.Delay(wait).ConfigureAwait(false);
            return continuation(request, context);
        });
        return new AsyncUnaryCall<TResponse>(
            AnswerAsync(), HeadersAsync(), () => call.Value.Result.GetStatus(), () => call.Value.Result.GetTrailers(), () => { });

        async Task<TResponse> AnswerAsync() => await (await call.Value.ConfigureAwait(false)).ResponseAsync.ConfigureAwait(false);

        async Task<Metadata> HeadersAsync() => await (await call.Value.ConfigureAwait(false)).ResponseHeadersAsync.ConfigureAwait(false);
    }
}
