using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Http2;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Load.Tests;

/// <summary>The runner's own client against the official server: it must be as right as the official client, or its figures mean nothing.</summary>
public sealed class Http2Tests : IAsyncLifetime
{
    private readonly Service _service = new();
    private WebApplication? _app;
    private GrpcChannel? _channel;
    private Http2CallInvoker? _calls;

    private MediaService.MediaServiceClient Client => new(_calls!);

    public async Task InitializeAsync()
    {
        await ServeAsync(0);
        var address = _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _channel = GrpcChannel.ForAddress(address);
        _calls = new Http2CallInvoker(new Uri(address), _channel.CreateCallInvoker());
    }

    public async Task DisposeAsync()
    {
        _service.Gate.TrySetResult();
        await _calls!.DisposeAsync();
        _channel!.Dispose();
        await _app!.DisposeAsync();
    }

    [Fact]
    public async Task ACallHasItsAnswerItsTrailersAndItsHeaders()
    {
        using var call = Client.GetMediaAsync(
            new GetMediaRequest { MediaId = 42 }, new Metadata { { MetadataNames.Caller, "user:7" }, { MetadataNames.ReadToken, new string('t', 300) } },
            DateTime.UtcNow.AddSeconds(30));
        Assert.Equal(42, (await call).Media.Id);
        Assert.Equal("user:7", call.GetTrailers().GetValue("seen-caller"));
        Assert.Equal("300", call.GetTrailers().GetValue("seen-token"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.InRange(_service.Left, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task AFailureHasItsCodeAndItsWords()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await Client.GetMediaAsync(new GetMediaRequest { MediaId = Service.Absent }));
        Assert.Equal((StatusCode.NotFound, "no media über 9"), (failure.StatusCode, failure.Status.Detail));
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(async () => await Client.LikeAsync(new LikeRequest()))).StatusCode);
    }

    [Fact]
    public async Task AThousandCallsAtOnceAreEachAnsweredWithTheirOwn()
    {
        var answers = await Task.WhenAll(Enumerable.Range(1000, 1000).Select(async id =>
            (id, (await Client.GetMediaAsync(new GetMediaRequest { MediaId = id })).Media.Id)));
        Assert.All(answers, static answer => Assert.Equal(answer.id, answer.Id));
    }

    [Fact]
    public async Task AnAnswerOfManyFramesComesWhole() =>
        Assert.Equal(Service.LargeCaption, (await Client.GetMediaAsync(new GetMediaRequest { MediaId = Service.Large })).Media.Caption);

    [Fact]
    public async Task MoreThanTheFlowWindowGoesThrough()
    {
        // Requests of 10 KB, 400 at once: four times what Kestrel takes before it has read any.
        var ids = Enumerable.Range(0, 1200).Select(static n => (long)n << 50).ToList();
        var request = new BatchGetMediaRequest { MediaIds = { ids } };
        var counts = await Task.WhenAll(Enumerable.Range(0, 400).Select(async _ => (await Client.BatchGetMediaAsync(request)).Media.Count));
        Assert.All(counts, static count => Assert.Equal(1200, count));
    }

    [Fact]
    public async Task ADeadlineAndACancelEndACallThatIsNotAnswered()
    {
        var late = await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.GetMediaAsync(new GetMediaRequest { MediaId = Service.Never }, deadline: DateTime.UtcNow.AddMilliseconds(100)));
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        using var cancel = new CancellationTokenSource();
        var call = Client.GetMediaAsync(new GetMediaRequest { MediaId = Service.Never }, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task AfterTheServerWasAwayCallsGoThroughAgain()
    {
        await Client.GetMediaAsync(new GetMediaRequest { MediaId = 1 });
        var port = new Uri(_app!.Urls.Single()).Port;
        await _app.DisposeAsync();
        var away = await Assert.ThrowsAsync<RpcException>(async () => await Client.GetMediaAsync(new GetMediaRequest()));
        Assert.Equal(StatusCode.Unavailable, away.StatusCode);
        await ServeAsync(port);
        Assert.Equal(2, (await Client.GetMediaAsync(new GetMediaRequest { MediaId = 2 })).Media.Id);
    }

    [Fact]
    public void AHeaderOfATableThatWasNotOfferedIsRefused()
    {
        Assert.Throws<InvalidDataException>(static () => Hpack.Read([0x80 | 62], static (_, _) => { }));
        Assert.Throws<InvalidDataException>(static () => Hpack.Read([0x00, 0x05, (byte)'a'], static (_, _) => { }));
        var seen = new ConcurrentDictionary<string, string>();
        Hpack.Read([0x88, 0x00, 0x01, (byte)'a', 0x01, (byte)'b', 0x00, 0x01, (byte)'h', 0x81, 0xff], (name, value) => seen[name] = value);
        Assert.Equal(("200", "b", Hpack.Unread), (seen[":status"], seen["a"], seen["h"]));
    }

    private async Task ServeAsync(int port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(_service);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
        await _app.StartAsync();
    }

    internal sealed class Service : MediaService.MediaServiceBase
    {
        public const long Absent = 9;
        public const long Large = 8;
        public const long Never = 7;

        public static string LargeCaption { get; } = new('x', 300_000);

        public TaskCompletionSource Gate { get; } = new();

        public TimeSpan Left { get; private set; }

        public override async Task<GetMediaResponse> GetMedia(GetMediaRequest request, ServerCallContext context)
        {
            if (request.MediaId == Absent) throw new RpcException(new Status(StatusCode.NotFound, "no media über 9"));
            if (request.MediaId == Never) await Gate.Task.WaitAsync(context.CancellationToken);
            if (context.Deadline != DateTime.MaxValue) Left = context.Deadline - DateTime.UtcNow;
            context.ResponseTrailers.Add("seen-caller", context.RequestHeaders.GetValue(MetadataNames.Caller) ?? "none");
            context.ResponseTrailers.Add("seen-token", $"{context.RequestHeaders.GetValue(MetadataNames.ReadToken)?.Length ?? 0}");
            return new GetMediaResponse { Media = new Media { Id = request.MediaId, Caption = request.MediaId == Large ? LargeCaption : "" } };
        }

        public override Task<BatchGetMediaResponse> BatchGetMedia(BatchGetMediaRequest request, ServerCallContext context) =>
            Task.FromResult(new BatchGetMediaResponse { Media = { request.MediaIds.Select(static id => new Media { Id = id }) } });
    }
}
