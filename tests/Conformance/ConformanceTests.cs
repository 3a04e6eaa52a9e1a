using System.Collections.Concurrent;
using InstaGrpc.TestFixtures;
using Xunit;
using Xunit.Abstractions;

namespace InstaGrpc.Conformance;

/// <summary>gRPC's public conformance suite against the mesh's server side and its client side.</summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(10);

    [ToolFact(Suite.Tool)]
    public Task TheServerPassesThePublicSuite() => PassesAsync("server");

    [ToolFact(Suite.Tool)]
    public Task TheServerPassesThePublicSuiteAsGrpcWeb() => PassesAsync("web");

    [ToolFact(Suite.Tool)]
    public Task TheClientPassesThePublicSuite() => PassesAsync("client");

    private async Task PassesAsync(string side)
    {
        // The project compiles the suite's protos: whoever unpacks the suite later must build again.
        Assert.NotNull(Checkout.FindTool(Suite.Tool));
        var lines = new ConcurrentQueue<string>();
        using var limit = new CancellationTokenSource(_limit);
        var code = await Suite.RunAsync(side, [], lines.Enqueue, limit.Token);

        foreach (var line in lines.TakeLast(3))
        {
            output.WriteLine(line);
        }

        Assert.True(code == 0, string.Join('\n', lines));
        // An exit code of 0 with no case run would be no proof.
        Assert.Contains(lines, line => line.Contains("Total cases", StringComparison.Ordinal));
    }
}
