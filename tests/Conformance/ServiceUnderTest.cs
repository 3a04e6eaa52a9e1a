using Connectrpc.Conformance.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace InstaGrpc.Conformance;

/// <summary>Does what each request asks: headers, messages, delays, an error, trailers; tells what it saw of the request.</summary>
internal sealed class ServiceUnderTest : ConformanceService.ConformanceServiceBase
{
    public override async Task<UnaryResponse> Unary(UnaryRequest request, ServerCallContext context) =>
        new() { Payload = await AnswerAsync(request.ResponseDefinition, [Any.Pack(request)], context) };

    public override async Task<IdempotentUnaryResponse> IdempotentUnary(IdempotentUnaryRequest request, ServerCallContext context) =>
        new() { Payload = await AnswerAsync(request.ResponseDefinition, [Any.Pack(request)], context) };

    public override async Task<ClientStreamResponse> ClientStream(
        IAsyncStreamReader<ClientStreamRequest> requestStream, ServerCallContext context)
    {
        UnaryResponseDefinition? definition = null;
        var requests = new List<Any>();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            definition = requests.Count == 0 ? request.ResponseDefinition : definition;
            requests.Add(Any.Pack(request));
        }

        return new ClientStreamResponse { Payload = await AnswerAsync(definition, requests, context) };
    }

    public override async Task ServerStream(
        ServerStreamRequest request, IServerStreamWriter<ServerStreamResponse> responseStream, ServerCallContext context)
    {
        if (request.ResponseDefinition is not { } definition)
        {
            return;
        }

        var info = InfoOf(context, [Any.Pack(request)]);
        await SendHeadersAsync(definition.ResponseHeaders, definition.ResponseTrailers, context);
        for (var i = 0; i < definition.ResponseData.Count; i++)
        {
            await Task.Delay((int)definition.ResponseDelayMs, context.CancellationToken);
            var payload = new ConformancePayload { Data = definition.ResponseData[i], RequestInfo = i == 0 ? info : null };
            await responseStream.WriteAsync(new ServerStreamResponse { Payload = payload }, context.CancellationToken);
        }

        ThrowIfAsked(definition, definition.ResponseData.Count == 0 ? info : null, context);
    }

    public override async Task BidiStream(
        IAsyncStreamReader<BidiStreamRequest> requestStream,
        IServerStreamWriter<BidiStreamResponse> responseStream,
        ServerCallContext context)
    {
        StreamResponseDefinition? definition = null;
        var fullDuplex = false;
        var isFirst = true;
        var sent = 0;
        var unanswered = new List<Any>();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            unanswered.Add(Any.Pack(request));
            if (isFirst)
            {
                isFirst = false;
                definition = request.ResponseDefinition;
                fullDuplex = request.FullDuplex;
                if (definition is not null)
                {
                    await SendHeadersAsync(definition.ResponseHeaders, definition.ResponseTrailers, context);
                }
            }

            if (!fullDuplex)
            {
                continue;
            }

            if (definition is null || sent >= definition.ResponseData.Count)
            {
                break;
            }

            await SendNextAsync();
        }

        while (definition is not null && sent < definition.ResponseData.Count)
        {
            await SendNextAsync();
        }

        if (definition is not null)
        {
            ThrowIfAsked(definition, sent == 0 ? InfoOf(context, unanswered) : null, context);
        }

        async Task SendNextAsync()
        {
            await Task.Delay((int)definition.ResponseDelayMs, context.CancellationToken);
            var payload = new ConformancePayload { Data = definition.ResponseData[sent] };
            if (sent == 0)
            {
                payload.RequestInfo = InfoOf(context, unanswered);
            }
            else if (unanswered.Count > 0)
            {
                payload.RequestInfo = new ConformancePayload.Types.RequestInfo { Requests = { unanswered } };
            }

            unanswered.Clear();
            sent++;
            await responseStream.WriteAsync(new BidiStreamResponse { Payload = payload }, context.CancellationToken);
        }
    }

    private static async Task<ConformancePayload> AnswerAsync(
        UnaryResponseDefinition? definition, IReadOnlyList<Any> requests, ServerCallContext context)
    {
        var info = InfoOf(context, requests);
        if (definition is null)
        {
            return new ConformancePayload { RequestInfo = info };
        }

        await Task.Delay((int)definition.ResponseDelayMs, context.CancellationToken);
        await SendHeadersAsync(definition.ResponseHeaders, definition.ResponseTrailers, context);
        return definition.Error is { } error
            ? throw StatusDetails.ToException(error, context.ResponseTrailers, [Any.Pack(info)])
            : new ConformancePayload { Data = definition.ResponseData, RequestInfo = info };
    }

    private static Task SendHeadersAsync(IEnumerable<Header> headers, IEnumerable<Header> trailers, ServerCallContext context)
    {
        HeaderText.AddTo(context.ResponseTrailers, trailers);
        return context.WriteResponseHeadersAsync(HeaderText.ToMetadata(headers));
    }

    private static void ThrowIfAsked(
        StreamResponseDefinition definition, ConformancePayload.Types.RequestInfo? info, ServerCallContext context)
    {
        if (definition.Error is { } error)
        {
            throw StatusDetails.ToException(error, context.ResponseTrailers, info is null ? [] : [Any.Pack(info)]);
        }
    }

    private static ConformancePayload.Types.RequestInfo InfoOf(ServerCallContext context, IEnumerable<Any> requests)
    {
        var info = new ConformancePayload.Types.RequestInfo { Requests = { requests } };
        HeaderText.AddTo(info.RequestHeaders, context.RequestHeaders);
        if (context.Deadline != DateTime.MaxValue)
        {
            info.TimeoutMs = Math.Max(0, (long)(context.Deadline - DateTime.UtcNow).TotalMilliseconds);
        }

        return info;
    }
}
