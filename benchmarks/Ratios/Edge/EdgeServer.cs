using System.Globalization;
using System.Net;
using Grpc.Core;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Mesh;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Ratios.Edge;

/// <summary>A service for outside behind the mesh: gRPC and gRPC-Web, with load shedding. Its handler answers at once, or holds one of 16 connections for
/// a while. Its own process: this executable, started with <see cref="Argument"/>.</summary>
internal static class EdgeServer
{
    public const string Argument = "edge-server";

    /// <summary>Starts it as another process, on the core of the server under test.</summary>
    public static async Task<(InstaProcess Process, Uri Grpc, Uri Web)> StartAsync()
    {
        var command = Machine.OnServerCore(Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Ratios"), Argument);
        var process = InstaProcess.StartProgram(command[0], null, command[1..]);
        var addresses = (await process.LineAsync("serving ").ConfigureAwait(false)).Split(' ');
        return (process, new Uri(addresses[1]), new Uri(addresses[2]));
    }

    /// <summary>Is it, until the process gets SIGTERM.</summary>
    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddInstaMesh(builder.Configuration).AddEdge<Service>();
        var service = new Service();
        builder.Services.AddSingleton(service);
        await using var app = builder.Build();
        app.MapInstaMesh();
        app.MapGet("/answered", () => service.Answered.ToString(CultureInfo.InvariantCulture));
        app.MapPost("/hold/{ms}", (int ms) => service.HoldMilliseconds = ms);
        await app.StartAsync().ConfigureAwait(false);
        Console.WriteLine($"serving {string.Join(' ', app.Urls)}");
        await app.WaitForShutdownAsync().ConfigureAwait(false);
        return 0;
    }

    internal sealed class Service : IdService.IdServiceBase
    {
        private const int Connections = 16;

        private readonly SemaphoreSlim _connections = new(Connections);
        private readonly Task<NextResponse> _answer = Task.FromResult(new NextResponse { Ids = { 235_929_600_000_000_000 } });
        private long _answered;
        private int _hold;

        public long Answered => Interlocked.Read(ref _answered);

        /// <summary>For how long each call holds one of the connections; 0: none, it is answered at once.</summary>
        public int HoldMilliseconds
        {
            get => Volatile.Read(ref _hold);
            set => Volatile.Write(ref _hold, value);
        }

        public override Task<NextResponse> Next(NextRequest request, ServerCallContext context)
        {
            if (HoldMilliseconds is var hold && hold > 0)
            {
                return HoldAsync(hold, context.CancellationToken);
            }

            Interlocked.Increment(ref _answered);
            return _answer;
        }

        private async Task<NextResponse> HoldAsync(int milliseconds, CancellationToken cancellation)
        {
            await _connections.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                await Task.Delay(milliseconds, cancellation).ConfigureAwait(false);
            }
            finally
            {
                _connections.Release();
            }

            Interlocked.Increment(ref _answered);
            return await _answer.ConfigureAwait(false);
        }
    }
}
