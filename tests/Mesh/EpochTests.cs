using System.Globalization;

namespace InstaGrpc.Mesh.Tests;

public sealed class EpochTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ARefusalForAnotherShardMapIsRepeatedOnceInvisibly()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers);
        var name = Guid.NewGuid().ToString();

        var seen = await host.Notes.RelayAsync(new() { Describe = new() { Name = name, RefuseTimes = 1 } }, NotesHost.As("user:1"));
        var twice = await Assert.ThrowsAsync<Grpc.Core.RpcException>(async () => await host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString(), RefuseTimes = 2 } }, NotesHost.As("user:1")));

        Assert.Equal(2u, seen.Describe.Attempts);
        Assert.True(long.Parse(seen.Describe.Epoch, CultureInfo.InvariantCulture) >= 0);
        Assert.Equal(Grpc.Core.StatusCode.FailedPrecondition, twice.StatusCode);
    }
}
