using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.Load.Tests;

/// <summary>A mesh that answers wrongly, made of one that does not.</summary>
internal sealed class AlteredAnswers(Action<object> alter) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(AlterAsync(), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

        async Task<TResponse> AlterAsync()
        {
            var answer = await call.ResponseAsync;
            alter(answer);
            return answer;
        }
    }
}
