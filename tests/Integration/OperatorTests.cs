using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using InstaGrpc.Timelines;

namespace InstaGrpc.Integration.Tests;

/// <summary>What an operator's commands say of a mesh that runs in other processes.</summary>
public sealed partial class OperatorTests(RunningMesh fixture) : IClassFixture<RunningMesh>
{
    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task CacheWhyTellsAMissThenAHitWithLagAndAge()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        await ChangeAsync(node, media.Id, "first");

        var miss = await WhyAsync("GetMedia", media.Id);
        Assert.Equal(("absent", "no"), (miss["item"], miss["would be a hit"]));
        Assert.Equal(node.Value, miss["node"]);
        Assert.Contains($"{_mesh.Prefix}{node}.{miss["generation"]}|", miss["key"], StringComparison.Ordinal);

        await ReadUntilCachedAsync(media.Id, owner.Id);
        var hit = await WhyAsync("GetMedia", media.Id);
        Assert.Equal(("valid", "yes"), (hit["item"], hit["would be a hit"]));
        Assert.InRange(Milliseconds(hit["lag"]), 0, 5_000);
        Assert.InRange(Milliseconds(hit["age"]), 0, 120_000);
        Assert.Contains(hit["server"], _mesh.Memcached.Servers.Select(server => server.Address));

        await ChangeAsync(node, media.Id, "second");
        Dictionary<string, string> changed = [];
        // Who looks is no process that serves the method; another test may start one meanwhile.
        await Patience.UntilAsync(async () =>
        {
            var announcers = await AnnouncersAsync();
            changed = await WhyAsync("GetMedia", media.Id);
            return await AnnouncersAsync() == announcers;
        }, "looking announces nothing");
        Assert.Equal(("absent", "no"), (changed["item"], changed["would be a hit"]));
        Assert.Contains("invalidated", changed["because"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CacheFlushBeginsAGenerationOnEveryServer()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        await ReadUntilCachedAsync(media.Id, owner.Id);
        var before = await WhyAsync("GetMedia", media.Id);

        var (code, output) = await InstaProcess.RunAsync(_mesh.Variables, "cache", "flush", "--node", before["node"]);
        var after = await WhyAsync("GetMedia", media.Id);

        Assert.True(code == 0, output);
        Assert.Equal(_mesh.Memcached.Servers.Count, output.Split('\n').Count(static line => line.TrimEnd().EndsWith(" flushed", StringComparison.Ordinal)));
        Assert.NotEqual(before["generation"], after["generation"]);
        Assert.Contains(after["generation"], output, StringComparison.Ordinal);
        Assert.Equal(("absent", "no"), (after["item"], after["would be a hit"]));
    }

    [Fact]
    public async Task CacheFlushSaysWhichServerItDidNotReach()
    {
        var variables = new Dictionary<string, string>(_mesh.Variables)
        {
            ["INSTA__MEMCACHED__SERVERS"] = FormattableString.Invariant($"127.0.0.1:{LoopbackPort.Free()}"),
        };

        var (code, output) = await InstaProcess.RunAsync(variables, "cache", "flush", "--node", "directory");

        Assert.Equal(1, code);
        Assert.Contains("not reached", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmMakesTheTimelinesOfActiveUsersAndOfNobodyElse()
    {
        var (active, idle) = ((await _mesh.NewUserAsync()).Id, (await _mesh.NewUserAsync()).Id);
        foreach (var (user, days) in ((long, int)[])[(active, 1), (idle, 8)])
        {
            var node = await _mesh.Router.NodeOfAsync(user, CancellationToken.None);
            await RunningMesh.CommitAsync(_mesh.Nodes.Primary(node), FormattableString.Invariant(
                $"INSERT INTO active_users (user_id, active_at) VALUES ({user}, now() - interval '{days} days')"));
        }

        var variables = new Dictionary<string, string>(_mesh.Variables) { ["INSTA__GRPC__ADDRESS"] = "http://" + _mesh.GrpcOf("feed") };
        var (code, output) = await InstaProcess.RunAsync(variables, "warm", "--rate", "1000");

        Assert.True(code == 0, output);
        Assert.Matches("[1-9][0-9]* users warmed, 0 are not there any more", output);
        var timelines = new TimelineStore(_mesh.Memcached, new TimelineKey(_mesh.Prefix), new FanoutOptions(), TimeProvider.System);
        Assert.Equal(TimelineState.Ready, (await timelines.ReadAsync(active))?.Header.State);
        Assert.Null(await timelines.ReadAsync(idle));
    }

    private async Task ChangeAsync(NodeName node, long media, string caption) => await _mesh.MarkedAsync(node, await RunningMesh.CommitAsync(
        _mesh.Nodes.Primary(node), FormattableString.Invariant($"UPDATE media SET caption = '{caption}' WHERE id = {media}")));

    private async Task<long> AnnouncersAsync()
    {
        await using var command = _mesh.Nodes.Directory.CreateCommand(
            "SELECT count(*) FROM contract_processes JOIN contracts USING (epoch, number) WHERE method = 'insta.media.v1.MediaService/GetMedia'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task ReadUntilCachedAsync(long media, long reader)
    {
        var began = Stopwatch.StartNew();
        while (true)
        {
            await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media }, RunningMesh.AsUser(reader));
            var why = await WhyAsync("GetMedia", media);
            if (why["item"] == "valid")
            {
                return;
            }
            Assert.True(began.Elapsed < RunningMesh.Limit, string.Join('\n', why));
        }
    }

    private async Task<Dictionary<string, string>> WhyAsync(string method, long media)
    {
        var (code, output) = await InstaProcess.RunAsync(
            _mesh.Variables, "cache", "why", method, FormattableString.Invariant($$"""{"mediaId": "{{media}}"}"""));
        Assert.True(code == 0, output);
        return output.Split('\n').Select(line => Row().Match(line)).Where(row => row.Success)
            .ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value);
    }

    private static double Milliseconds(string text) => double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\S+(?: \S+)*)  +(.*\S) *$")]
    private static partial Regex Row();
}
