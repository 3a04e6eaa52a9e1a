using InstaGrpc.Ratios.Load;

namespace InstaGrpc.Load.Tests;

/// <summary>How the benchmark of the runner judges what it measured.</summary>
public sealed class PunctualityTests
{
    [Fact]
    public void OneLateStartOfAllRunsIsOneTooMany()
    {
        Assert.True(Punctuality.Of([0, 0, 0], 1000).Ok);
        var late = Punctuality.Of([0, 39, 119], 1000);
        Assert.Equal((158, false, "begun late by more than 5 ms, of 3,000"), (late.Value, late.Ok, late.Name));
    }
}
