using System.IO.Compression;
using System.Net;
using Connectrpc.Conformance.V1;
using Grpc.AspNetCore.Server;
using InstaGrpc.Mesh;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Conformance;

/// <summary>
/// The server under test: one configuration from standard input, its address to standard output, then calls until SIGTERM.
/// </summary>
internal static class ConformanceServer
{
    public static async Task<int> RunAsync()
    {
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        var request = await Frames.ReadAsync(input, ServerCompatRequest.Parser)
            ?? throw new EndOfStreamException("The suite sent no ServerCompatRequest.");
        if (request.UseTls)
        {
            await Console.Error.WriteLineAsync("This server serves without TLS: run the suite with config/grpc.yaml or config/grpc-web.yaml.");
            return 2;
        }

        await using var app = Build(request);
        await app.StartAsync();
        var address = new Uri(app.Urls.Single());
        await Frames.WriteAsync(output, new ServerCompatResponse { Host = address.Host, Port = (uint)address.Port });
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static WebApplication Build(ServerCompatRequest request)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Error);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols =
                request.HttpVersion == HTTPVersion._1 ? HttpProtocols.Http1 : HttpProtocols.Http2));
        var mesh = builder.Services.AddInstaMesh(builder.Configuration);
        if (request.Protocol == Protocol.GrpcWeb)
        {
            mesh.AddGrpcWeb();
        }

        builder.Services.AddGrpc(grpc => Configure(grpc, request));
        var app = builder.Build();

        // Mapped by hand, not added to the mesh: the suite's methods declare no policy, and a method without one is refused to strangers.
        app.MapGrpcService<ServiceUnderTest>();
        app.MapInstaMesh();
        return app;
    }

    private static void Configure(GrpcServiceOptions grpc, ServerCompatRequest request)
    {
        grpc.MaxReceiveMessageSize = request.MessageReceiveLimit == 0 ? null : (int)request.MessageReceiveLimit;
        grpc.MaxSendMessageSize = null;
        grpc.ResponseCompressionAlgorithm = "gzip";
        grpc.ResponseCompressionLevel = CompressionLevel.Fastest;
    }
}
