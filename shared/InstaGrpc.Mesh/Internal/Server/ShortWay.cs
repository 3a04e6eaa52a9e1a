using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh.Internal.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Npgsql;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// The short way of a cached read: the bytes of the answer go out as the cache has them, before the server makes anything of the call (its
/// context, a scope, the interceptor's frames, messages), which costs as much as finding a copy, and half of what asking memcached does.
/// The read passes the same checks as every call and is counted like one.
/// <para>
/// It takes only what is whole and plain, and gives only answers. Whatever else becomes of a call goes the ordinary way with its request
/// unread, a failed read with its failure (<see cref="FailedRead"/>): there is one place where a call fails, and one where it is
/// traced.
/// </para>
/// </summary>
internal sealed class ShortWay(
    ServedMethods methods, IEnumerable<ICallCheck> checks, CachedCalls cached, NodeChooser nodes, MeshInstruments instruments,
    TimeProvider time, IOptionsMonitor<MeshOptions> options)
{
    private const int FrameHeader = 5;

    private readonly ICallCheck[] _checks = [.. checks];

    /// <summary>Puts itself before the cached methods of a service.</summary>
    public void Precede(IEndpointConventionBuilder service) => service.Add(builder =>
    {
        if (builder.Metadata.OfType<GrpcMethodMetadata>().FirstOrDefault() is { } grpc
            && builder.RequestDelegate is { } ordinary
            && methods.TryGet(grpc.Method.FullName, out var served)
            && served is { Cached: { Handler: not null } endpoint, Contract.Policy: { Batch: null, Cache: not null } })
        {
            builder.RequestDelegate = http => TryAnswer(served, endpoint, http, ordinary) ?? ordinary(http);
        }
    });

    /// <summary>Null: nothing was done.</summary>
    private Task? TryAnswer(ServedMethod served, CachedEndpoint endpoint, HttpContext http, RequestDelegate ordinary)
    {
        // A permit would be taken twice by a call that has to go the ordinary way; a recorded call has more to tell.
        if (endpoint.ReadsCaller || served.Policy.RateLimit is not null || Activity.Current is { Recorded: true }
            || !IsPlain(http.Request, out var timeout))
        {
            return null;
        }

        var started = time.GetTimestamp();
        if (ReadRequest(served, http) is not { } request)
        {
            return null;
        }

        var call = new MeshCallContext(http, served, time);
        call.Limit(timeout);
        NodeName node;
        try
        {
            if (!MayPass(call, request, out node))
            {
                return null;
            }
        }
        catch (Exception)
        {
            // The ordinary way meets the same fault, and knows what to make of it.
            return null;
        }

        var reading = Read(endpoint, node, request, call);
        if (!reading.IsCompletedSuccessfully || reading.Result is not { IsPresent: true } answer)
        {
            return FinishAsync(reading, call, started, ordinary);
        }

        Answer(call, answer.Bytes.Span, started);
        return Task.CompletedTask;
    }

    private ValueTask<CacheAnswer> Read(CachedEndpoint endpoint, NodeName node, IMessage request, MeshCallContext call)
    {
        try
        {
            var reading = cached.ReadAsync(endpoint, node, request, call);
            return reading.IsCompletedSuccessfully ? new(reading.Result) : reading;
        }
        catch (Exception e)
        {
            return ValueTask.FromException<CacheAnswer>(e);
        }
    }

    private async Task FinishAsync(ValueTask<CacheAnswer> reading, MeshCallContext call, long started, RequestDelegate ordinary)
    {
        CacheAnswer answer;
        try
        {
            answer = CachedCalls.Existing(call, await call.WaitAsync(reading).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            call.Http.Features.Set(new FailedRead(Overdue(e, call) ?? e, started));
            await ordinary(call.Http).ConfigureAwait(false);
            return;
        }

        Answer(call, answer.Bytes.Span, started);
    }

    // On the ordinary way the deadline would count from there.
    private static DeadlineExceededException? Overdue(Exception e, MeshCallContext call) =>
        e is OperationCanceledException or TimeoutException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
            && call.IsOverdue
            ? new DeadlineExceededException("the call's time is over")
            : null;

    private static bool IsPlain(HttpRequest request, out TimeSpan timeout)
    {
        timeout = Timeout.InfiniteTimeSpan;
        return request.ContentType is "application/grpc" or "application/grpc+proto"
            && HttpProtocol.IsHttp2(request.Protocol)
            && (!request.Headers.TryGetValue("grpc-timeout", out var text) || GrpcTimeout.TryParse(text, out timeout));
    }

    private static IMessage? ReadRequest(ServedMethod served, HttpContext http)
    {
        var body = http.Request.BodyReader;
        try
        {
            if (!body.TryRead(out var read))
            {
                return null;
            }

            try
            {
                return read is { IsCompleted: true, IsCanceled: false } && IsOneMessage(read.Buffer)
                    ? served.Contract.Descriptor.InputType.Parser.ParseFrom(read.Buffer.Slice(FrameHeader))
                    : null;
            }
            finally
            {
                // Unread, for the ordinary way.
                body.AdvanceTo(read.Buffer.Start);
            }
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IOException or OperationCanceledException)
        {
            // No message, or a caller who has gone.
            return null;
        }
    }

    private static bool IsOneMessage(in ReadOnlySequence<byte> frame)
    {
        if (frame.Length < FrameHeader)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[FrameHeader];
        frame.Slice(0, FrameHeader).CopyTo(header);
        return header[0] == 0 && BinaryPrimitives.ReadUInt32BigEndian(header[1..]) == frame.Length - FrameHeader;
    }

    /// <exception cref="DomainException">It may not.</exception>
    private bool MayPass(MeshCallContext call, IMessage request, out NodeName node)
    {
        node = default;
        foreach (var check in _checks)
        {
            check.Check(call);
        }

        if (call.OuterRun is not null || (call.Epoch is { } epoch && !nodes.Knows(epoch)))
        {
            return false;
        }

        var choosing = nodes.ChooseAsync(call.Contract, request, CancellationToken.None);
        if (!choosing.IsCompletedSuccessfully)
        {
            return false;
        }

        node = choosing.Result;
        return true;
    }

    // Not flushed: headers, message and trailers leave together when the call returns.
    private void Answer(MeshCallContext call, ReadOnlySpan<byte> message, long started)
    {
        var body = call.Http.Request.BodyReader;
        if (body.TryRead(out var read))
        {
            body.AdvanceTo(read.Buffer.End);
        }

        var response = call.Http.Response;
        response.ContentType = "application/grpc";
        response.AppendTrailer("grpc-status", "0");
        var writer = response.BodyWriter;
        var target = writer.GetSpan(FrameHeader + message.Length);
        target[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(target[1..], message.Length);
        message.CopyTo(target[FrameHeader..]);
        writer.Advance(FrameHeader + message.Length);
        var duration = time.GetElapsedTime(started);
        instruments.Called(call.Contract.FullName, StatusCode.OK, duration);
        if (duration >= options.CurrentValue.Otlp.SlowCall)
        {
            CallSpan.End(call, StatusCode.OK);
        }
    }
}
