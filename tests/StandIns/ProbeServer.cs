using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.StandIns.Tests;

/// <summary>The official server in a real Kestrel (HTTP/2 without TLS, a free port), and channels of the official client to it.</summary>
internal sealed class ProbeServer : IAsyncDisposable
{
    /// <summary>For everything that should happen at once; long, so that a busy machine fails no test.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly List<GrpcChannel> _channels = [];

    private ProbeServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public ProbeHandlers Handlers => _app.Services.GetRequiredService<ProbeHandlers>();

    public static async Task<ProbeServer> StartAsync(Action<GrpcServiceOptions>? configure = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<ProbeHandlers>();
        builder.Services.AddGrpc(configure ?? (_ => { }));
        var app = builder.Build();
        app.MapGrpcService<ProbeService>();
        map?.Invoke(app);
        await app.StartAsync();
        return new ProbeServer(app);
    }

    public Probe.ProbeClient NewClient() => new(NewChannel());

    public GrpcChannel NewChannel(GrpcChannelOptions? options = null)
    {
        var channel = GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());
        _channels.Add(channel);
        return channel;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }

        await _app.DisposeAsync();
    }
}
