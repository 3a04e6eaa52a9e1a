using System.Diagnostics;
using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class DeadlineTests(AssemblyServers servers, NotesFixture fixture) : IClassFixture<AssemblyServers>, IClassFixture<NotesFixture>
{
    [Fact]
    public async Task TheContractsCeilingEndsAHandlerWhoseCallerWouldWaitLonger()
    {
        var started = Stopwatch.GetTimestamp();

        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await fixture.Host.Notes.WaitAsync(new WaitRequest(), deadline: DateTime.UtcNow.AddSeconds(30)));

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.25, 20);
    }

    [Fact]
    public async Task TheCallersShorterDeadlineWins()
    {
        var shorter = await fixture.Host.Notes.DescribeAsync(
            new() { Name = Guid.NewGuid().ToString() }, deadline: DateTime.UtcNow.AddSeconds(20));
        var longer = await fixture.Host.Notes.DescribeAsync(
            new() { Name = Guid.NewGuid().ToString() }, deadline: DateTime.UtcNow.AddSeconds(60));

        Assert.InRange(shorter.RemainingMs, 1, 20_000);
        Assert.InRange(longer.RemainingMs, 20_001, 30_000);
    }

    [Fact]
    public async Task AFloorHoldsForWhatAProcessServesAndForWhatItCalls()
    {
        await using var host = await NotesHost.StartAsync(servers.Servers, new() { ["Insta:DeadlineFloor"] = "00:01:00" });

        var served = await host.Notes.DescribeAsync(
            new() { Name = Guid.NewGuid().ToString() }, deadline: DateTime.UtcNow.AddSeconds(90));
        var called = await host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString() } }, NotesHost.As("user:5"), DateTime.UtcNow.AddSeconds(90));

        // The contracts say 30 s, and 40 s of the one that calls.
        Assert.InRange(served.RemainingMs, 40_001, 60_000);
        Assert.InRange(called.Describe.RemainingMs, 40_001, 60_000);
    }

    [Fact]
    public async Task WhatIsLeftTravelsOn()
    {
        var seen = await fixture.Host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString() } }, NotesHost.As("user:5"), DateTime.UtcNow.AddSeconds(20));

        Assert.InRange(seen.Describe.RemainingMs, 1, 20_000);
    }
}
