using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Mesh.Tests;

/// <summary>What a mesh shows at /metrics is its own, whoever else is in the process.</summary>
public sealed class MetricsTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    /// <summary>What a reader of OpenTelemetry's keeps by default; it drops, for good, what comes after.</summary>
    private const int Streams = 1000;

    [Fact]
    public async Task CallsOfAnotherMeshAreNotCounted()
    {
        await using var one = await NotesHost.StartAsync(servers.Servers);
        await using var other = await NotesHost.StartAsync(servers.Servers);

        await one.Notes.DescribeAsync(new(), NotesHost.As("user:5"));

        await Patience.UntilAsync(async () => await CallsAsync(one) == 1, "the call that was made is counted");
        Assert.Equal(0, await CallsAsync(other));
    }

    [Fact]
    public async Task ManyMetersOfOthersLeaveRoomForItsOwn()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meter = services.GetRequiredService<IMeterFactory>().Create("InstaGrpc.Crowd");
        var crowd = Enumerable.Range(0, Streams + 1).Select(i => meter.CreateCounter<long>($"crowd.{i}")).ToList();

        await using var host = await NotesHost.StartAsync(servers.Servers);
        await host.Notes.DescribeAsync(new(), NotesHost.As("user:5"));
        crowd.ForEach(static counter => counter.Add(1));

        await Patience.UntilAsync(async () => await CallsAsync(host) == 1, "the call that was made is counted");
    }

    private static async Task<long> CallsAsync(NotesHost host)
    {
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var text = await http.GetStringAsync(new Uri(host.Address, "/metrics"));
        return text.Split('\n')
            .Where(static line => line.StartsWith("insta_rpc_duration_seconds_count{", StringComparison.Ordinal)
                && line.Contains("NotesService/Describe\"", StringComparison.Ordinal))
            .Sum(static line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
