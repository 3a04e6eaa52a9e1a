using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh.Internal.Telemetry;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>
/// What goes with each call to another service: the deadline (the contract's, or what is left of the running handler's), who calls and
/// for whom, the tokens that the handler has seen, the shard map's epoch. Tokens come back with the answer. A call that another shard
/// map would have sent elsewhere is repeated once, after the map was read again. Repeating after UNAVAILABLE is the channel's work
/// (<see cref="ServiceConfigs"/>), inside this interceptor: all attempts share one deadline.
/// </summary>
internal sealed class ClientInterceptor(
    CallFlow flow, MeshCatalog catalog, IOptions<MeshOptions> options, TimeProvider time, MeshInstruments instruments,
        ShardRouter? router = null)
    : Interceptor
{
    private readonly string _name = options.Value.Name ?? catalog.Served.Methods.FirstOrDefault()?.ServiceName ?? "mesh";

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        throw new NotSupportedException($"Call {context.Method.Name}Async: a blocking call has no trailers, so its token would be lost.");

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var current = flow.Current;
        var attempt = new UnaryAttempt<TRequest, TResponse>(this, current, request, context, continuation);
        var response = attempt.RunAsync();
        return new AsyncUnaryCall<TResponse>(
            response, attempt.HeadersAsync(response), () => attempt.Call.GetStatus(), () => attempt.Call.GetTrailers(),
            () => attempt.Call.Dispose());
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var current = flow.Current;
        var call = continuation(request, Prepare(current, context));
        return current is null ? call : new AsyncServerStreamingCall<TResponse>(
            new TokenStream<TResponse>(call.ResponseStream, current, call.GetTrailers),
            call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var current = flow.Current;
        var call = continuation(Prepare(current, context));
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            call.RequestStream, Collected(), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);

        async Task<TResponse> Collected()
        {
            try
            {
                var response = await call.ResponseAsync.ConfigureAwait(false);
                Collect(current, call.GetTrailers());
                return response;
            }
            catch (RpcException e)
            {
                Collect(current, e.Trailers);
                throw;
            }
        }
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var current = flow.Current;
        var call = continuation(Prepare(current, context));
        return current is null ? call : new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call.RequestStream, new TokenStream<TResponse>(call.ResponseStream, current, call.GetTrailers),
            call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    internal static void Collect(Flow? current, Metadata trailers)
    {
        if (current is not null && trailers.GetValue(MetadataNames.ReadToken) is { } text && ReadToken.TryParse(text, out var token))
        {
            current.Tokens.Add(token);
        }
    }

    /// <summary>Reads the shard map again if the refusal says that it is another one. True: the call is worth repeating.</summary>
    internal async ValueTask<bool> RefreshedAsync(RpcException refusal, string method, CancellationToken cancellation)
    {
        if (router is null || refusal.StatusCode != StatusCode.FailedPrecondition
            || !long.TryParse(refusal.Trailers.GetValue(MetadataNames.Epoch), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return false;
        }

        instruments.EpochRefreshed(method);
        await router.RefreshAsync(cancellation).ConfigureAwait(false);
        return true;
    }

    internal ClientInterceptorContext<TRequest, TResponse> Prepare<TRequest, TResponse>(
        Flow? current, ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class
        where TResponse : class
    {
        catalog.Called.TryGet(context.Method.FullName, out var contract);
        var given = context.Options;
        var headers = new Metadata();
        foreach (var entry in given.Headers ?? [])
        {
            headers.Add(entry);
        }

        if (headers.Get(MetadataNames.Caller) is null)
        {
            headers.Add(MetadataNames.Caller, $"service:{current?.Contract.ServiceName ?? _name}");
            if (current?.UserId is { } user && headers.Get(MetadataNames.OnBehalfOf) is null)
            {
                headers.Add(MetadataNames.OnBehalfOf, user.ToString(CultureInfo.InvariantCulture));
            }
        }

        if (router?.Current is { } map && headers.Get(MetadataNames.Epoch) is null)
        {
            headers.Add(MetadataNames.Epoch, map.Epoch.ToString(CultureInfo.InvariantCulture));
        }

        if (current is not null)
        {
            AddFlow(current, context.Method.FullName, contract, headers);
        }

        var deadline = Earlier(given.Deadline ?? DateTime.MaxValue, current?.Deadline ?? DateTime.MaxValue);
        if (contract is not null && contract.Policy.Deadline != Timeout.InfiniteTimeSpan)
        {
            deadline = Earlier(deadline, time.GetUtcNow().UtcDateTime + contract.Policy.Deadline);
        }

        var prepared = given.WithHeaders(headers);
        return new ClientInterceptorContext<TRequest, TResponse>(
            context.Method, context.Host, deadline == DateTime.MaxValue ? prepared : prepared.WithDeadline(deadline));
    }

    private static void AddFlow(Flow current, string method, MethodContract? contract, Metadata headers)
    {
        var token = current.Tokens.Token;
        if (!token.IsEmpty)
        {
            headers.Add(MetadataNames.ReadToken, token.ToString());
        }

        if (current.MaxStale is { } limit && headers.Get(MetadataNames.MaxStale) is null)
        {
            headers.Add(MetadataNames.MaxStale, ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }

        if (current.Run is { } run)
        {
            run.Note(method.TrimStart('/'), contract);
            headers.Add(MeshHeaders.Run, $"{run.Id}:{run.Context.Node}");
        }
    }

    private static DateTime Earlier(DateTime left, DateTime right) => left < right ? left : right;
}
