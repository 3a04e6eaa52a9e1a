using Grpc.Core;
using Grpc.Core.Interceptors;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>A unary call that may be made a second time, with a newer shard map.</summary>
internal sealed class UnaryAttempt<TRequest, TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly ClientInterceptor _interceptor;
    private readonly Flow? _flow;
    private readonly TRequest _request;
    private readonly ClientInterceptorContext<TRequest, TResponse> _context;
    private readonly Interceptor.AsyncUnaryCallContinuation<TRequest, TResponse> _continuation;
    private AsyncUnaryCall<TResponse> _call;

    public UnaryAttempt(
        ClientInterceptor interceptor, Flow? flow, TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        Interceptor.AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        (_interceptor, _flow, _request, _context, _continuation) = (interceptor, flow, request, context, continuation);
        _call = continuation(request, interceptor.Prepare(flow, context));
    }

    /// <summary>The call as it stands: the second one once it was begun.</summary>
    public AsyncUnaryCall<TResponse> Call => Volatile.Read(ref _call);

    public async Task<TResponse> RunAsync()
    {
        try
        {
            return await FinishAsync().ConfigureAwait(false);
        }
        catch (RpcException refusal)
        {
            if (!await _interceptor.RefreshedAsync(refusal, _context.Method.FullName,
                _context.Options.CancellationToken).ConfigureAwait(false))
            {
                throw;
            }
        }

        _call.Dispose();
        Volatile.Write(ref _call, _continuation(_request, _interceptor.Prepare(_flow, _context)));
        return await FinishAsync().ConfigureAwait(false);
    }

    /// <summary>The headers of the call that gave the answer, so they come when it has come.</summary>
    public async Task<Metadata> HeadersAsync(Task<TResponse> response)
    {
        var first = Call.ResponseHeadersAsync;
        await Task.WhenAny(first, response).ConfigureAwait(false);
        return await Call.ResponseHeadersAsync.ConfigureAwait(false);
    }

    private async Task<TResponse> FinishAsync()
    {
        try
        {
            var response = await _call.ResponseAsync.ConfigureAwait(false);
            ClientInterceptor.Collect(_flow, _call.GetTrailers());
            return response;
        }
        catch (RpcException e)
        {
            ClientInterceptor.Collect(_flow, e.Trailers);
            throw;
        }
    }
}
