using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Tests;

public sealed class TraceTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task SpansOfACallReachTheOtlpEndpointUnderTheCallersTrace()
    {
        var port = InstaGrpc.Embedded.LoopbackPort.Free();
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[] trace = [.. Enumerable.Range(1, 16).Select(i => (byte)(i * 15))];
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, l => l.Protocols = HttpProtocols.Http2));
        await using var collector = builder.Build();
        collector.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", async (HttpContext http) =>
        {
            var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            var bytes = body.ToArray();
            if (bytes.AsSpan().IndexOf(trace) >= 0 && bytes.AsSpan().IndexOf("test.notes.v1.NotesService/WriteNote"u8) >= 0)
            {
                found.TrySetResult();
            }

            http.Response.ContentType = "application/grpc";
            http.Response.AppendTrailer("grpc-status", "0");
            await http.Response.Body.WriteAsync(new byte[5]);
        });
        await collector.StartAsync();
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { ["Insta:Otlp:Endpoint"] = $"http://127.0.0.1:{port}" });

        await host.Notes.WriteNoteAsync(
            new() { NoteId = 1L << 23, Text = "n" },
            NotesHost.As("user:1", ("traceparent", $"00-{Convert.ToHexString(trace).ToLowerInvariant()}-00f067aa0ba902b7-01")));

        await found.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
