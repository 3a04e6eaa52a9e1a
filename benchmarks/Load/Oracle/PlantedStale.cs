using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using InstaGrpc.Contracts.FeedV1;

namespace InstaGrpc.Load.Oracle;

/// <summary>The cache that everybody writes first, between the runner and the mesh: answers of feeds are kept for a while, whatever is written. For tests of the
/// oracle, which must find it.</summary>
internal sealed class PlantedStale : Interceptor
{
    private static readonly TimeSpan _kept = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(string Method, ByteString Request), (object Answer, long At)> _answers = new();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        if (request is not (HomeFeedRequest or UserFeedRequest)) return continuation(request, context);
        var key = (context.Method.FullName, ((IMessage)request).ToByteString());
        if (_answers.TryGetValue(key, out var kept) && Stopwatch.GetElapsedTime(kept.At) < _kept)
        {
            return new AsyncUnaryCall<TResponse>(
                Task.FromResult((TResponse)kept.Answer), Task.FromResult(new Metadata()),
                static () => Status.DefaultSuccess, static () => [], static () => { });
        }

        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(KeepAsync(), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

        async Task<TResponse> KeepAsync()
        {
            var answer = await call.ResponseAsync.ConfigureAwait(false);
            _answers[key] = (answer, Stopwatch.GetTimestamp());
            return answer;
        }
    }
}
