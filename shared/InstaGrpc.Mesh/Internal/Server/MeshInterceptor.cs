using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh.Internal.Edge;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The mesh's one interceptor: it takes a call through the concerns in their order (<see cref="MeshServices"/> says why that one), turns
/// whatever comes out into a status, writes the token into the trailers and counts. One, and not one for each concern, because the server
/// makes every interceptor of a call anew from its services and wraps it in two awaits: seven cost more than a cached answer.
/// </summary>
internal sealed partial class MeshInterceptor(
    ServedMethods methods, IEnumerable<ICallCheck> checks, CachedCalls cached, HandlerCalls handlers, MeshInstruments instruments,
    TimeProvider time, ILogger<MeshInterceptor> logger) : Interceptor
{
    private static readonly TimeSpan s_resetIsSeenWithin = TimeSpan.FromMilliseconds(100);

    private readonly ICallCheck[] _checks = [.. checks];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!methods.TryGet(context.Method, out var served))
        {
            return WithoutContractAsync(() => continuation(request, context), context);
        }

        var call = new MeshCallContext(context, served, time);
        var failed = served.Cached is null ? null : call.Http.Features.Get<FailedRead>();
        var started = failed?.Started ?? time.GetTimestamp();
        CallSpan.Begin(served.Contract, request as IMessage);
        Task<TResponse> answering;
        try
        {
            Check(call);
            answering = served.Cached is { ReadsCaller: false } endpoint
                ? cached.AnswerAsync(endpoint, request, call, continuation, failed)
                : served.AtOnce is Func<TRequest, ServerCallContext, Task<TResponse>> handler && handlers.KnowsEpochOf(call)
                ? handlers.RunAtOnce(call, request, handler)
                : handlers.RunAsync(call, request as IMessage, () => continuation(request, call));
        }
        catch (Exception e)
        {
            return Task.FromException<TResponse>(Fail(e, call, started));
        }

        if (!answering.IsCompletedSuccessfully)
        {
            return FinishAsync(answering, call, started);
        }

        if (served.IsEdge)
        {
            ResponseCompression.Choose(call, answering.Result);
        }

        // No frame for what is there already.
        Finish(call, started, StatusCode.OK);
        call.Dispose();
        return answering;
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(context, null, inner => continuation(requestStream, inner));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(context, request as IMessage, inner => Nothing(continuation(request, responseStream, inner)));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        StreamAsync(context, null, inner => Nothing(continuation(requestStream, responseStream, inner)));

    private static async Task<bool> Nothing(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    private async Task<T> StreamAsync<T>(ServerCallContext context, IMessage? request, Func<ServerCallContext, Task<T>> run)
    {
        if (!methods.TryGet(context.Method, out var served))
        {
            return await WithoutContractAsync(() => run(context), context).ConfigureAwait(false);
        }

        var started = time.GetTimestamp();
        using var call = new MeshCallContext(context, served, time);
        CallSpan.Begin(served.Contract, request);
        try
        {
            Check(call);
            var response = await handlers.RunAsync(call, request, () => run(call)).ConfigureAwait(false);
            Finish(call, started, StatusCode.OK);
            return response;
        }
        catch (Exception e)
        {
            await UntilResetAsync(e, context).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw Fail(e, call, started);
        }
    }

    private async Task<T> FinishAsync<T>(Task<T> answering, MeshCallContext call, long started)
    {
        using var _ = call;
        try
        {
            var response = await answering.ConfigureAwait(false);
            if (call.Served.IsEdge)
            {
                ResponseCompression.Choose(call, response);
            }

            Finish(call, started, StatusCode.OK);
            return response;
        }
        catch (Exception e)
        {
            throw Fail(e, call, started);
        }
    }

    private void Check(MeshCallContext call)
    {
        foreach (var check in _checks)
        {
            check.Check(call);
        }
    }

    // A stream that its caller resets fails for whoever reads or writes it a moment before the request counts as aborted.
    private static Task UntilResetAsync(Exception exception, ServerCallContext context) =>
        exception is IOException ? Task.Delay(s_resetIsSeenWithin, context.CancellationToken) : Task.CompletedTask;

    // Health, reflection and what the application maps itself: no policy, but no inside detail either.
    private async Task<T> WithoutContractAsync<T>(Func<Task<T>> run, ServerCallContext context)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (RpcException)
        {
            throw;
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            await UntilResetAsync(e, context).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (e is IOException && context.CancellationToken.IsCancellationRequested)
            {
                throw new RpcException(new Status(StatusCode.Cancelled, "the caller has cancelled the call"));
            }

            var status = ErrorTable.Translate(e, null, out var unexpected);
            if (unexpected)
            {
                LogUnexpected(context.Method, e);
            }

            throw status;
        }
    }

    private RpcException Fail(Exception exception, MeshCallContext call, long started)
    {
        var status = ErrorTable.Translate(exception, call, out var unexpected);
        if (unexpected)
        {
            LogUnexpected(call.Contract.FullName, exception);
        }
        else if (status.StatusCode is StatusCode.Unavailable)
        {
            LogUnavailable(call.Contract.FullName, exception.Message);
        }

        // A write may have been committed before the failure: its token goes with it.
        if (Tokens(call) is { } tokens)
        {
            status.Trailers.Add(MetadataNames.ReadToken, tokens);
        }

        Observe(call, started, status.StatusCode);
        return status;
    }

    private void Finish(MeshCallContext call, long started, StatusCode code)
    {
        if (Tokens(call) is { } tokens)
        {
            call.ResponseTrailers.Add(MetadataNames.ReadToken, tokens);
        }

        Observe(call, started, call.Status.StatusCode == StatusCode.OK ? code : call.Status.StatusCode);
    }

    private void Observe(MeshCallContext call, long started, StatusCode code)
    {
        instruments.Called(call.Contract.FullName, code, time.GetElapsedTime(started));
        CallSpan.End(call, code);
    }

    // Only what the caller does not have yet.
    private static string? Tokens(MeshCallContext call)
    {
        if (!call.HasTokens || call.Tokens.Token is not { IsEmpty: false } token)
        {
            return null;
        }

        var fresh = ReadToken.Empty;
        foreach (var (node, position) in token.Positions)
        {
            if (!call.RequestToken.TryGet(node, out var known) || known.CompareTo(position) < 0)
            {
                fresh = fresh.With(node, position);
            }
        }

        return fresh.IsEmpty ? null : fresh.ToString();
    }

    [LoggerMessage(EventIds.HandlerFailed, LogLevel.Error, "{Method} failed")]
    private partial void LogUnexpected(string method, Exception exception);

    [LoggerMessage(EventIds.HandlerUnavailable, LogLevel.Warning, "{Method}: {Reason}")]
    private partial void LogUnavailable(string method, string reason);
}
