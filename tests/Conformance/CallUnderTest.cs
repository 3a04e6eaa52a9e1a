using Connectrpc.Conformance.V1;
using Google.Protobuf;
using Grpc.Core;

namespace InstaGrpc.Conformance;

/// <summary>One call as the suite asks for it, and what came of it.</summary>
internal sealed class CallUnderTest(CallInvoker invoker, ClientCompatRequest request)
{
    private readonly ConformanceService.ConformanceServiceClient _client = new(invoker);
    private readonly ClientResponseResult _result = new();
    private readonly CancellationTokenSource _cancellation = new();
    private int _sent;

    private bool IsStreamOfRequests =>
        request.StreamType is StreamType.ClientStream or StreamType.HalfDuplexBidiStream or StreamType.FullDuplexBidiStream;

    public async Task<ClientResponseResult> RunAsync()
    {
        using var _ = _cancellation;
        if (request.RawRequest is not null || request.ServerTlsCert.Length > 0)
        {
            throw new NotSupportedException("Raw requests and TLS are not supported by this client.");
        }

        await (request.Method switch
        {
            "Unary" => UnaryAsync(UnaryRequest.Parser, _client.UnaryAsync, response => response.Payload),
            "IdempotentUnary" =>
                UnaryAsync(IdempotentUnaryRequest.Parser, _client.IdempotentUnaryAsync, response => response.Payload),
            "Unimplemented" => UnaryAsync(UnimplementedRequest.Parser, _client.UnimplementedAsync, _ => null),
            "ServerStream" => ServerStreamAsync(),
            "ClientStream" => ClientStreamAsync(),
            "BidiStream" => BidiStreamAsync(request.StreamType == StreamType.FullDuplexBidiStream),
            _ => throw new NotSupportedException($"Method {request.Method} is unknown to this client."),
        });
        return _result;
    }

    private async Task UnaryAsync<TRequest, TResponse>(
        MessageParser<TRequest> parser,
        Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> start,
        Func<TResponse, ConformancePayload?> payloadOf)
        where TRequest : IMessage<TRequest>
    {
        var message = parser.ParseFrom(request.RequestMessages.Single().Value);
        await Task.Delay((int)request.RequestDelayMs);
        using var call = start(message, Options());
        await CancelAfterCloseAsync();
        await ReceiveAsync(async () => _result.Payloads.Add(payloadOf(await call) ?? new ConformancePayload()));
        await AddHeadersAndTrailersAsync(call.ResponseHeadersAsync, call.GetTrailers);
    }

    private async Task ServerStreamAsync()
    {
        var message = ServerStreamRequest.Parser.ParseFrom(request.RequestMessages.Single().Value);
        await Task.Delay((int)request.RequestDelayMs);
        using var call = _client.ServerStream(message, Options());
        await CancelAfterCloseAsync();
        while (await ReceiveOneAsync(call.ResponseStream, response => response.Payload))
        {
        }

        await AddHeadersAndTrailersAsync(call.ResponseHeadersAsync, call.GetTrailers);
    }

    private async Task ClientStreamAsync()
    {
        using var call = _client.ClientStream(Options());
        foreach (var message in request.RequestMessages)
        {
            if (!await SendAsync(call.RequestStream, ClientStreamRequest.Parser.ParseFrom(message.Value)))
            {
                break;
            }
        }

        await CloseAsync(call.RequestStream);
        await ReceiveAsync(async () => _result.Payloads.Add((await call).Payload ?? new ConformancePayload()));
        await AddHeadersAndTrailersAsync(call.ResponseHeadersAsync, call.GetTrailers);
    }

    private async Task BidiStreamAsync(bool fullDuplex)
    {
        using var call = _client.BidiStream(Options());
        var open = true;
        foreach (var message in request.RequestMessages)
        {
            if (!await SendAsync(call.RequestStream, BidiStreamRequest.Parser.ParseFrom(message.Value)))
            {
                break;
            }

            if (fullDuplex && !(open = await ReceiveOneAsync(call.ResponseStream, response => response.Payload)))
            {
                break;
            }
        }

        await CloseAsync(call.RequestStream);
        while (open && await ReceiveOneAsync(call.ResponseStream, response => response.Payload))
        {
        }

        await AddHeadersAndTrailersAsync(call.ResponseHeadersAsync, call.GetTrailers);
    }

    private CallOptions Options()
    {
        var headers = HeaderText.ToMetadata(request.RequestHeaders);
        if (request.Compression == Compression.Gzip)
        {
            headers.Add("grpc-internal-encoding-request", "gzip");
        }

        return new CallOptions(
            headers,
            request.HasTimeoutMs ? DateTime.UtcNow.AddMilliseconds(request.TimeoutMs) : null,
            _cancellation.Token);
    }

    /// <summary>False when the call has ended before the message was sent; why it ended, receiving will tell.</summary>
    private async Task<bool> SendAsync<T>(IClientStreamWriter<T> stream, T message)
    {
        await Task.Delay((int)request.RequestDelayMs);
        try
        {
            await stream.WriteAsync(message);
            _sent++;
            return true;
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException)
        {
            return false;
        }
    }

    private async Task CloseAsync<T>(IClientStreamWriter<T> stream)
    {
        if (request.Cancel?.CancelTimingCase == ClientCompatRequest.Types.Cancel.CancelTimingOneofCase.BeforeCloseSend)
        {
            await _cancellation.CancelAsync();
        }

        try
        {
            await stream.CompleteAsync();
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException)
        {
            // The call has ended before; receiving tells why.
        }

        await CancelAfterCloseAsync();
    }

    private async Task CancelAfterCloseAsync()
    {
        if (request.Cancel?.CancelTimingCase is ClientCompatRequest.Types.Cancel.CancelTimingOneofCase.AfterCloseSendMs
            or ClientCompatRequest.Types.Cancel.CancelTimingOneofCase.None)
        {
            await Task.Delay((int)request.Cancel.AfterCloseSendMs);
            await _cancellation.CancelAsync();
        }
    }

    /// <summary>False at the end of the stream, or of the call.</summary>
    private async Task<bool> ReceiveOneAsync<T>(IAsyncStreamReader<T> stream, Func<T, ConformancePayload?> payloadOf)
    {
        var more = false;
        await ReceiveAsync(async () =>
        {
            if (await stream.MoveNext(CancellationToken.None))
            {
                _result.Payloads.Add(payloadOf(stream.Current) ?? new ConformancePayload());
                more = true;
            }
        });
        if (more && request.Cancel?.AfterNumResponses == _result.Payloads.Count)
        {
            await _cancellation.CancelAsync();
        }

        return more;
    }

    private async Task ReceiveAsync(Func<Task> receive)
    {
        try
        {
            await receive();
        }
        catch (RpcException failure)
        {
            _result.Error = StatusDetails.FromException(failure);
            HeaderText.AddTo(_result.ResponseTrailers, failure.Trailers);
            _result.NumUnsentRequests = IsStreamOfRequests ? request.RequestMessages.Count - _sent : 0;
        }
    }

    private async Task AddHeadersAndTrailersAsync(Task<Metadata> headers, Func<Metadata> trailers)
    {
        try
        {
            HeaderText.AddTo(_result.ResponseHeaders, await headers);
        }
        catch (RpcException)
        {
            // The call has ended before headers came.
        }

        // Of a call that failed, the exception has the trailers; asking the call is an error when it was this side that ended it.
        if (_result.Error is null)
        {
            HeaderText.AddTo(_result.ResponseTrailers, trailers());
        }
    }
}
