using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Google.Protobuf;
using InstaGrpc.Embedded;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.TestFixtures;

/// <summary>An OTLP endpoint over gRPC that keeps the spans it is sent. Reads as much of opentelemetry.proto.collector.trace.v1 as tests ask for.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(120);

    private readonly WebApplication _app;
    private readonly SemaphoreSlim _arrived = new(0);

    private OtlpReceiver(WebApplication app, Uri address) => (_app, Address) = (app, address);

    public Uri Address { get; }

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var port = LoopbackPort.Free();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, static listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        var receiver = new OtlpReceiver(app, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")));
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", receiver.ExportAsync);
        await app.StartAsync().ConfigureAwait(false);
        return receiver;
    }

    /// <summary>The first span, come or yet to come, of which this is true.</summary>
    public async Task<ReceivedSpan> FindAsync(Func<ReceivedSpan, bool> isIt)
    {
        using var limit = new CancellationTokenSource(_limit);
        while (true)
        {
            if (Spans.FirstOrDefault(isIt) is { } found)
            {
                return found;
            }

            await _arrived.WaitAsync(limit.Token).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _arrived.Dispose();
    }

    private async Task ExportAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body).ConfigureAwait(false);
        // Behind the frame's five bytes: ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans.
        foreach (var resource in Parts(body.ToArray()[5..], 1))
        {
            foreach (var span in Parts(resource, 2).SelectMany(static scope => Parts(scope, 2)))
            {
                Spans.Enqueue(Read(span));
            }
        }

        _arrived.Release();
        http.Response.ContentType = "application/grpc";
        http.Response.AppendTrailer("grpc-status", "0");
        await http.Response.Body.WriteAsync(new byte[5]).ConfigureAwait(false);
    }

    private static ReceivedSpan Read(byte[] span)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var attribute in Parts(span, 9))
        {
            if (Value(Parts(attribute, 2).Single()) is { } value)
            {
                tags[Text(attribute, 1)] = value;
            }
        }

        // Status.code is an enum, 2 of which is ERROR.
        var isError = Parts(span, 15).Any(static status => Number(status, 3) == 2);
        return new ReceivedSpan(
            Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5), isError, tags,
            [.. Parts(span, 13).Select(static link => (Hex(link, 1), Hex(link, 2)))]);
    }

    // AnyValue: string_value 1, bool_value 2, int_value 3, double_value 4.
    private static string? Value(byte[] any)
    {
        var input = new CodedInputStream(any);
        return WireFormat.GetTagFieldNumber(input.ReadTag()) switch
        {
            1 => input.ReadString(),
            2 => input.ReadBool() ? "true" : "false",
            3 => input.ReadInt64().ToString(CultureInfo.InvariantCulture),
            4 => input.ReadDouble().ToString(CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    private static string Hex(byte[] message, int field) =>
        Convert.ToHexStringLower(Parts(message, field).FirstOrDefault() ?? []);

    private static string Text(byte[] message, int field) =>
        System.Text.Encoding.UTF8.GetString(Parts(message, field).FirstOrDefault() ?? []);

    private static long Number(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
            {
                return input.ReadInt64();
            }

            input.SkipLastField();
        }

        return 0;
    }

    /// <summary>Every value of a field that has a length.</summary>
    private static List<byte[]> Parts(byte[] message, int field)
    {
        List<byte[]> parts = [];
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
            {
                parts.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return parts;
    }
}
