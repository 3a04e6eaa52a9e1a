using Grpc.Core;
using InstaGrpc.Mesh.HealthV1;
using InstaGrpc.Mesh.ReflectionV1;
using InstaGrpc.Mesh.Tests.NotesV1;
using ServingStatus = InstaGrpc.Mesh.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace InstaGrpc.Mesh.Tests;

public sealed class ProtocolTests(NotesFixture fixture) : IClassFixture<NotesFixture>
{
    [Theory]
    [InlineData("")]
    [InlineData("test.notes.v1.NotesService")]
    public async Task HealthSaysServingOnceEverythingIsThere(string service)
    {
        using var watch = new Health.HealthClient(fixture.Host.Channel).Watch(new() { Service = service });
        var last = ServingStatus.Unknown;
        while (last != ServingStatus.Serving
            && await watch.ResponseStream.MoveNext(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token))
        {
            last = watch.ResponseStream.Current.Status;
        }

        Assert.Equal(ServingStatus.Serving, last);
        Assert.Equal(ServingStatus.Serving,
            (await new Health.HealthClient(fixture.Host.Channel).CheckAsync(new() { Service = service })).Status);
    }

    [Fact]
    public async Task HealthDoesNotKnowWhatIsNotServed()
    {
        var health = new Health.HealthClient(fixture.Host.Channel);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new() { Service = "no.Such" }));
        using var watch = health.Watch(new() { Service = "no.Such" });
        await watch.ResponseStream.MoveNext(CancellationToken.None);

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Equal(ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
    }

    [Fact]
    public async Task ReflectionListsServicesAndGivesTheirFiles()
    {
        using var call = new ServerReflection.ServerReflectionClient(fixture.Host.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new() { ListServices = "" });
        await call.RequestStream.WriteAsync(new() { FileContainingSymbol = "test.notes.v1.NotesService" });
        await call.RequestStream.WriteAsync(new() { FileByFilename = "insta/options/v1/policy.proto" });
        await call.RequestStream.WriteAsync(
            new() { FileContainingExtension = new() { ContainingType = "google.protobuf.MethodOptions", ExtensionNumber = 50510 } });
        await call.RequestStream.WriteAsync(new() { FileContainingSymbol = "no.Such" });
        await call.RequestStream.CompleteAsync();
        var answers = await call.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
                "test.notes.v1.NotesService"],
            answers[0].ListServicesResponse.Service.Select(s => s.Name));
        Assert.Equal(NotesReflection.Descriptor.SerializedData, answers[1].FileDescriptorResponse.FileDescriptorProto[0]);
        Assert.Equal(3, answers[1].FileDescriptorResponse.FileDescriptorProto.Count);
        Assert.Equal(2, answers[2].FileDescriptorResponse.FileDescriptorProto.Count);
        Assert.Equal(answers[2].FileDescriptorResponse, answers[3].FileDescriptorResponse);
        Assert.Equal((int)StatusCode.NotFound, answers[4].ErrorResponse.ErrorCode);
    }

    [Fact]
    public async Task TheOlderReflectionGivesTheSame()
    {
        using var call = new ReflectionV1Alpha.ServerReflection.ServerReflectionClient(fixture.Host.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new() { ListServices = "" });
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Contains(call.ResponseStream.Current.ListServicesResponse.Service, s => s.Name == "test.notes.v1.NotesService");
    }

    [Theory]
    [InlineData("/healthz", "ok")]
    [InlineData("/readyz", "ready\n")]
    public async Task PlainHttpSaysTheSame(string path, string expected)
    {
        await HealthSaysServingOnceEverythingIsThere("");
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        Assert.Equal(expected, await http.GetStringAsync(new Uri(fixture.Host.Address, path)));
    }

    [Fact]
    public async Task MetricsCountTheCalls()
    {
        await fixture.Host.Notes.DescribeAsync(new() { Name = "metrics" });
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        var text = await http.GetStringAsync(new Uri(fixture.Host.Address, "/metrics"));

        Assert.Contains("# TYPE insta_rpc_duration_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Contains("insta_rpc_duration_seconds_count{code=\"OK\",method=\"test.notes.v1.NotesService/Describe\"} ", text,
            StringComparison.Ordinal);
    }
}
