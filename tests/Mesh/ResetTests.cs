using Grpc.Core;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Mesh.ReflectionV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class ResetTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ACallerThatResetsItsStreamIsNoErrorOfThisProcess()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers);
        for (var round = 0; round < 20; round++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            using var call = new ServerReflection.ServerReflectionClient(host.Channel).ServerReflectionInfo();
            await call.RequestStream.WriteAsync(new() { ListServices = "" }, patience.Token);

            // Answered, and waiting for the next question.
            Assert.True(await call.ResponseStream.MoveNext(patience.Token));
            call.Dispose();
        }

        // An orderly stop waits for the calls to end.
        await host.StopAsync();
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task AnOrderlyStopEndsAWatchOfDropsWithoutAWarning()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, stream: true);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            using var watch = new InvalidatorService.InvalidatorServiceClient(host.Channel).WatchDrops(
                new WatchDropsRequest { Node = "one" }, NotesHost.As("service:test"), cancellationToken: patience.Token);
            try
            {
                Assert.True(await watch.ResponseStream.MoveNext(patience.Token));
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
            {
                // The lineage is not elected yet.
                await Task.Delay(20, patience.Token);
                continue;
            }

            var stopping = host.StopAsync();
            while (await watch.ResponseStream.MoveNext(patience.Token))
            {
            }

            await stopping;
            break;
        }

        Assert.DoesNotContain(host.Warnings, warning => warning.Contains("watch again", StringComparison.Ordinal));
    }
}
