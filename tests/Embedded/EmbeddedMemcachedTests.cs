using System.Net.Sockets;
using System.Text;
using InstaGrpc.Embedded.Internal;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Embedded.Tests;

public sealed class EmbeddedMemcachedTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ItSpeaksTheMetaProtocol()
    {
        await using var server = await EmbeddedMemcached.StartAsync();

        Assert.Equal("HD", await AskAsync(server, "ms key 1\r\nv\r\n"));
        Assert.Equal("VA 1", await AskAsync(server, "mg key v\r\n"));
    }

    [Fact]
    public async Task ExtraArgumentsReachTheServer()
    {
        await using var server = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { ExtraArguments = ["-M"] });

        Assert.Contains("STAT evictions off", await StatsAsync(server));
    }

    [Fact]
    public async Task WhatAKilledRunLeftIsStopped()
    {
        var options = new EmbeddedMemcachedOptions { PidFile = Path.Combine(_folder.Path, "memcached.pid") };
        await using var leftover = await EmbeddedMemcached.StartAsync(options);

        await using var next = await EmbeddedMemcached.StartAsync(options);

        Assert.True(leftover.Exited.IsCompleted);
        Assert.Equal("MN", await AskAsync(next, "mn\r\n"));
    }

    [Fact]
    public async Task AStrangerUnderARecycledProcessIdIsLeftAlone()
    {
        await using var stranger = await EmbeddedMemcached.StartAsync();
        var identity = ProcessIdentity.Of(stranger.ProcessId)!.Value;
        var pidFile = Path.Combine(_folder.Path, "memcached.pid");
        var recycled = identity with { StartTicks = identity.StartTicks - 1 };
        var otherBoot = identity with { Boot = Guid.NewGuid().ToString() };

        foreach (var former in (ProcessIdentity[])[recycled, otherBoot])
        {
            await File.WriteAllTextAsync(pidFile, former.ToString());
            await EmbeddedMemcached.StopLeftoverAsync(new EmbeddedMemcachedOptions { PidFile = pidFile });
        }

        Assert.Equal("MN", await AskAsync(stranger, "mn\r\n"));
        Assert.False(File.Exists(pidFile));
    }

    [Fact]
    public async Task ATakenPortIsNamedWithWhoHasIt()
    {
        await using var first = await EmbeddedMemcached.StartAsync();

        var fault = await Assert.ThrowsAsync<EmbeddedServerException>(
            () => EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = first.Port }));

        Assert.Contains($"port {first.Port}", fault.Message);
        Assert.Contains($"process {first.ProcessId}", fault.Message);
    }

    [Fact]
    public async Task AServerThatIsGoneCanBeStartedAgainOnItsPort()
    {
        var first = await EmbeddedMemcached.StartAsync();
        Assert.Equal("HD", await AskAsync(first, "ms key 1\r\nv\r\n"));
        await first.CrashAsync();

        await using var second = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = first.Port });

        Assert.Equal("EN", await AskAsync(second, "mg key v\r\n"));
    }

    private static async Task<string> AskAsync(EmbeddedMemcached server, string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(command));
        using var reader = new StreamReader(client.GetStream());
        return (await reader.ReadLineAsync())!;
    }

    private static async Task<IReadOnlyList<string>> StatsAsync(EmbeddedMemcached server)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Port);
        await client.GetStream().WriteAsync("stats settings\r\n"u8.ToArray());
        using var reader = new StreamReader(client.GetStream());
        var lines = new List<string>();
        while (await reader.ReadLineAsync() is { } line && line != "END") lines.Add(line);
        return lines;
    }
}
