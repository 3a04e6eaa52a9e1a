using System.Net;
using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Tests;

/// <summary>A process that counts its calls, and does nothing else of the mesh.</summary>
internal sealed class CountingServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Calls _calls;

    private CountingServer(WebApplication app)
    {
        _app = app;
        _calls = app.Services.GetRequiredService<Calls>();
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
            .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)).Port;
    }

    public int Port { get; }

    public int Count => Volatile.Read(ref _calls.Count);

    public static async Task<CountingServer> StartAsync(IPAddress address, int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.AddSingleton<Calls>();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            kestrel => kestrel.Listen(address, port, static listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        return new CountingServer(app);
    }

    /// <summary>As at SIGTERM: what runs is finished.</summary>
    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    internal sealed class Calls
    {
        public int Count;
    }

    internal sealed class Service(Calls calls) : NotesService.NotesServiceBase
    {
        public override Task<FailResponse> Fail(FailRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref calls.Count);
            return Task.FromResult(new FailResponse());
        }
    }
}
