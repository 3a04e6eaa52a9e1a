using System.Diagnostics;
using Grpc.Core;
using InstaGrpc.Mesh.Tests.NotesV1;

namespace InstaGrpc.Mesh.Tests;

public sealed class DeadlineTests(NotesFixture fixture) : IClassFixture<NotesFixture>
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
    public async Task WhatIsLeftTravelsOn()
    {
        var seen = await fixture.Host.Notes.RelayAsync(
            new() { Describe = new() { Name = Guid.NewGuid().ToString() } }, NotesHost.As("user:5"), DateTime.UtcNow.AddSeconds(20));

        Assert.InRange(seen.Describe.RemainingMs, 1, 20_000);
    }
}
