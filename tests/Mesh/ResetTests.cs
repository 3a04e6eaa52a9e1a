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
}
