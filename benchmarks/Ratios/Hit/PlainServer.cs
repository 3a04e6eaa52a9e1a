using System.Globalization;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Ratios.Ids;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Ratios.Hit;

/// <summary>The baseline: Grpc.AspNetCore.Server as it comes, and handlers that have their answers at hand. Its own process: this
/// executable, started with <see cref="Argument"/>.</summary>
internal static class PlainServer
{
    public const string Argument = "plain-server";

    /// <summary>Starts it as another process, on the core of the server under test.</summary>
    public static async Task<(InstaProcess Process, Uri Grpc, Uri Web)> StartAsync(GetMediaResponse media, GetMediaCountsResponse counts)
    {
        var command = Machine.OnServerCore(
            Path.Combine(AppContext.BaseDirectory, "InstaGrpc.Ratios"), Argument, media.ToByteString().ToBase64(), counts.ToByteString().ToBase64());
        var process = InstaProcess.StartProgram(command[0], null, command[1..]);
        var addresses = (await process.LineAsync("serving ").ConfigureAwait(false)).Split(' ');
        return (process, new Uri(addresses[1]), new Uri(addresses[2]));
    }

    /// <summary>Is it, until the process gets SIGTERM.</summary>
    public static async Task<int> RunAsync(string media, string counts)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddGrpc();
        var service = new Service(
            GetMediaResponse.Parser.ParseFrom(Convert.FromBase64String(media)),
            GetMediaCountsResponse.Parser.ParseFrom(Convert.FromBase64String(counts)));
        builder.Services.AddSingleton(service);
        var ids = new EmptyIdService();
        builder.Services.AddSingleton(ids);
        await using var app = builder.Build();
        app.MapGrpcService<Service>();
        app.MapGrpcService<EmptyIdService>();
        app.MapGet("/answered", () => (service.Answered + ids.Answered).ToString(CultureInfo.InvariantCulture));
        await app.StartAsync().ConfigureAwait(false);
        Console.WriteLine($"serving {string.Join(' ', app.Urls)}");
        await app.WaitForShutdownAsync().ConfigureAwait(false);
        return 0;
    }

    internal sealed class Service(GetMediaResponse media, GetMediaCountsResponse counts) : MediaService.MediaServiceBase
    {
        private readonly Task<GetMediaResponse> _media = Task.FromResult(media);
        private readonly Task<GetMediaCountsResponse> _counts = Task.FromResult(counts);
        private long _answered;

        public long Answered => Interlocked.Read(ref _answered);

        public override Task<GetMediaResponse> GetMedia(GetMediaRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref _answered);
            return _media;
        }

        public override Task<GetMediaCountsResponse> GetMediaCounts(GetMediaCountsRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref _answered);
            return _counts;
        }
    }
}
