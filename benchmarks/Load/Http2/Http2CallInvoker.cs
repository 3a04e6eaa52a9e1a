using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;

namespace InstaGrpc.Load.Http2;

/// <summary>
/// Unary calls over clear-text HTTP/2 for a fraction of what a general client costs: a load runner shares its machine with what it measures, and each
/// microsecond that it takes is missing there. Everything else (streams) goes to the client that it is given.
/// </summary>
/// <param name="address"><c>http://host:port</c></param>
/// <param name="others">For what is not unary.</param>
internal sealed class Http2CallInvoker(Uri address, CallInvoker others) : CallInvoker, IAsyncDisposable
{
    private const int PrefixBytes = 5;

    private readonly ConcurrentDictionary<string, byte[]> _begin = new(StringComparer.Ordinal);
    private readonly Http2Pool _pool = new(address);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new Call<TResponse>(method.ResponseMarshaller, options.Deadline, options.CancellationToken);
        if (options.CancellationToken.IsCancellationRequested)
        {
            call.Fail(new Status(StatusCode.Cancelled, "the call was cancelled before it was sent"));
        }
        else
        {
            _pool.Send(Headers(method.FullName, options), Frame(method.RequestMarshaller.Serializer(request)), call);
        }

        return new AsyncUnaryCall<TResponse>(call.Response, HeadersAsync(call.Response), () => call.Status, () => call.Trailers, static () => { });

        static async Task<Metadata> HeadersAsync(Task answered)
        {
            await answered.ConfigureAwait(false);
            return [];
        }
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        AsyncUnaryCall(method, host, options, request).ResponseAsync.GetAwaiter().GetResult();

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        others.AsyncServerStreamingCall(method, host, options, request);

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) => others.AsyncClientStreamingCall(method, host, options);

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) => others.AsyncDuplexStreamingCall(method, host, options);

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    private byte[] Headers(string path, CallOptions options)
    {
        var begin = _begin.GetOrAdd(path, one => Hpack.Begin(one, address.Authority));
        var block = new List<byte>(begin.Length + 128);
        block.AddRange(begin);
        foreach (var entry in options.Headers ?? []) Hpack.Append(block, entry.Key, entry.Value);
        if (options.Deadline is { } deadline)
        {
            var left = Math.Clamp((long)(deadline.ToUniversalTime() - DateTime.UtcNow).TotalMilliseconds, 1, 99_999_999);
            Hpack.Append(block, "grpc-timeout", left.ToString(CultureInfo.InvariantCulture) + "m");
        }

        return [.. block];
    }

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[PrefixBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, PrefixBytes);
        return frame;
    }

    private sealed class Call<TResponse>(Marshaller<TResponse> marshaller, DateTime? deadline, CancellationToken cancellation)
        : Http2Call(deadline, cancellation)
    {
        // The reader must not run what its caller does with the answer.
        private readonly TaskCompletionSource<TResponse> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TResponse> Response => _response.Task;

        protected override void Succeed(ReadOnlySequence<byte> message)
        {
            try
            {
                _response.TrySetResult(marshaller.ContextualDeserializer(new Payload(message)));
            }
            catch (Google.Protobuf.InvalidProtocolBufferException e)
            {
                Fail(new Status(StatusCode.Internal, e.Message));
            }
        }

        protected override void Fail(RpcException failure) => _response.TrySetException(failure);
    }

    private sealed class Payload(ReadOnlySequence<byte> message) : DeserializationContext
    {
        public override int PayloadLength => (int)message.Length;

        public override byte[] PayloadAsNewBuffer() => message.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => message;
    }
}
