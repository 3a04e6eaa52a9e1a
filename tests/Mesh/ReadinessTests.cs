using System.Net;
using Grpc.Core;
using InstaGrpc.Mesh.HealthV1;
using ServingStatus = InstaGrpc.Mesh.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace InstaGrpc.Mesh.Tests;

public sealed class ReadinessTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const long Note = 1L << 23;
    private const string Invalidator = "insta.invalidator.v1.InvalidatorService";

    [Fact]
    public async Task WithoutMemcachedOrKafkaItServesUncached()
    {
        var nobody = $"127.0.0.1:{InstaGrpc.Embedded.LoopbackPort.Free()}";
        await using var host = await NotesHost.StartAsync(
            servers.Servers, new() { ["Insta:Memcached:Servers"] = nobody, ["Insta:Kafka:BootstrapServers"] = nobody }, stream: true);
        await host.Notes.WriteNoteAsync(new() { NoteId = Note, Text = "n" }, NotesHost.As("user:1"));

        Assert.Equal("n", (await host.Notes.GetNoteAsync(new() { NoteId = Note }, NotesHost.As("user:1"))).Note.Text);
        Assert.Equal(ServingStatus.Serving, await StatusAsync(host, ServingStatus.Serving));
        await UntilMissingAsync(host, "memcached: ");
        Assert.Equal(ServingStatus.NotServing, await StatusAsync(host, ServingStatus.NotServing, Invalidator));
        Assert.Equal(ServingStatus.Serving, await StatusAsync(host, ServingStatus.Serving, ""));
    }

    [Fact]
    public async Task WithoutKafkaOnlyTheInvalidatorDoesNotServe()
    {
        var nobody = $"127.0.0.1:{InstaGrpc.Embedded.LoopbackPort.Free()}";
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { ["Insta:Kafka:BootstrapServers"] = nobody }, stream: true);

        await UntilMissingAsync(host, "kafka: ");
        Assert.Equal(ServingStatus.NotServing, await StatusAsync(host, ServingStatus.NotServing, Invalidator));
        Assert.Equal(ServingStatus.Serving, await StatusAsync(host, ServingStatus.Serving));
        Assert.Equal(ServingStatus.Serving, await StatusAsync(host, ServingStatus.Serving, ""));
    }

    [Fact]
    public async Task WithMemcachedAndKafkaTheInvalidatorServes()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, stream: true);
        Assert.Equal(ServingStatus.Serving, await StatusAsync(host, ServingStatus.Serving, Invalidator));
    }

    [Fact]
    public async Task WithoutMemcachedConfiguredItSaysSoOnce()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { ["Insta:Memcached:Servers"] = "" });
        await host.Notes.WriteNoteAsync(new() { NoteId = Note, Text = "n" }, NotesHost.As("user:1"));

        Assert.Equal("n", (await host.Notes.GetNoteAsync(new() { NoteId = Note }, NotesHost.As("user:1"))).Note.Text);
        Assert.Single(host.Warnings, w => w.Contains("Insta:Memcached:Servers is not set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutPostgresItIsNotReadyAndSaysWhy()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers);
        await StatusAsync(host, ServingStatus.Serving);

        await host.LosePostgresAsync();

        Assert.Equal(ServingStatus.NotServing, await StatusAsync(host, ServingStatus.NotServing));
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var ready = await http.GetAsync(new Uri(host.Address, "/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("postgres: ", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await host.Notes.GetNoteAsync(new() { NoteId = Note }, NotesHost.As("user:1")));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
    }

    /// <summary>Waits until /readyz, still 200, shows that this is missing.</summary>
    private static async Task UntilMissingAsync(NotesHost host, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        while (true)
        {
            var ready = await http.GetAsync(new Uri(host.Address, "/readyz"), patience.Token);
            if (ready.IsSuccessStatusCode && (await ready.Content.ReadAsStringAsync(patience.Token)).Contains($"\n{what}", StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(50, patience.Token);
        }
    }

    private static async Task<ServingStatus> StatusAsync(NotesHost host, ServingStatus wanted, string service = "test.notes.v1.NotesService")
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = new Health.HealthClient(host.Channel).Watch(new() { Service = service });
        while (await watch.ResponseStream.MoveNext(patience.Token) && watch.ResponseStream.Current.Status != wanted)
        {
        }

        return watch.ResponseStream.Current.Status;
    }
}
