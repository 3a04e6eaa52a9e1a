using InstaGrpc.Caching.Tests.Protos;
using InstaGrpc.Memcached;
using static InstaGrpc.Caching.Tests.TestContracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>Lists: pages under a version, one item to invalidate.</summary>
public sealed class ListTests(MemcachedServers servers) : IClassFixture<MemcachedServers>
{
    [Fact]
    public async Task OneDeleteTakesEveryPageOfTheListAndNoOther()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        foreach (var page in new[] { "", "a", "b" })
        {
            await reader.ReadAsync(Parts, Page(1, page), new ScriptedRun(() => $"old {page}"));
            await reader.ReadAsync(Parts, Page(2, page), new ScriptedRun(() => $"other {page}"));
            Assert.Equal(CacheLevel.Memcached, (await mesh.NewReader().ReadAsync(Parts, Page(1, page), new ScriptedRun(() => "none"))).Level);
        }

        await mesh.Invalidator.ChangeAsync(1, Parts, "1");
        foreach (var page in new[] { "", "a", "b" })
        {
            Assert.Equal($"new {page}", Reader.Text(await reader.ReadAsync(Parts, Page(1, page), new ScriptedRun(() => $"new {page}"))));
            Assert.Equal($"other {page}", Reader.Text(await reader.ReadAsync(Parts, Page(2, page), new ScriptedRun(() => "none"))));
        }
    }

    [Fact]
    public async Task APageThatIsFilledLateLandsUnderAVersionThatNobodyReads()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var (one, two) = (mesh.NewReader(), mesh.NewReader());
        var phase = new Phase();
        var late = one.ReadAsync(Parts, Page(1, ""), new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("old");
        }));
        await phase.Reached;
        var before = await VersionAsync(mesh);
        await mesh.Invalidator.ChangeAsync(1, Parts, "1");
        var fresh = await two.ReadAsync(Parts, Page(1, ""), new ScriptedRun(() => "new"));
        phase.Open();
        await late;
        var after = await one.ReadAsync(Parts, Page(1, ""), new ScriptedRun(() => "none"));

        Assert.Equal(("new", "new"), (Reader.Text(fresh), Reader.Text(after)));
        Assert.NotEqual(before, await VersionAsync(mesh));
    }

    [Fact]
    public async Task AVersionIsNeverUsedAgain()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        var versions = new HashSet<string>();
        for (var change = 1u; change <= 50; change++)
        {
            await reader.ReadAsync(Parts, Page(1, ""), new ScriptedRun(() => "x"));
            Assert.True(versions.Add(await VersionAsync(mesh)));
            await mesh.Invalidator.ChangeAsync(change, Parts, "1");
        }
    }

    [Fact]
    public async Task ManyReadersOfANewListMakeOneVersionAndOneQueryAPage()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        Reader[] readers = [mesh.NewReader(), mesh.NewReader()];
        var phase = new Phase();
        var run = new ScriptedRun(async (_, cancellation) =>
        {
            await phase.PassAsync(cancellation);
            return ScriptedRun.Of("one");
        });
        var reads = Enumerable.Range(0, 32).Select(i => readers[i % 2].ReadAsync(Parts, Page(1, ""), run)).ToArray();
        await phase.Reached;
        phase.Open();

        Assert.All(await Task.WhenAll(reads), answer => Assert.Equal("one", Reader.Text(answer)));
        Assert.Equal(1, run.Runs);
    }

    [Fact]
    public async Task PagesAreToldApartByEveryUnboundField()
    {
        await using var mesh = await CacheFixture.BeginAsync(servers);
        var reader = mesh.NewReader();
        await reader.ReadAsync(Parts, new ListPartsRequest { Id = 1, PageToken = "a", PageSize = 1 }, new ScriptedRun(() => "a1"));
        var other = await reader.ReadAsync(Parts, new ListPartsRequest { Id = 1, PageToken = "a", PageSize = 2 }, new ScriptedRun(() => "a2"));
        var nasty = await reader.ReadAsync(Parts, new ListPartsRequest { Id = 1, PageToken = "a,1", PageSize = 0 }, new ScriptedRun(() => "a,1 0"));
        var huge = new ListPartsRequest { Id = 1, PageToken = new string('x', 5000) };
        await reader.ReadAsync(Parts, huge, new ScriptedRun(() => "huge"));

        Assert.Equal(("a2", "a,1 0"), (Reader.Text(other), Reader.Text(nasty)));
        Assert.Equal("huge", Reader.Text(await reader.ReadAsync(Parts, huge, new ScriptedRun(() => "none"))));
    }

    private static ListPartsRequest Page(long id, string token) => new() { Id = id, PageToken = token };

    private static async Task<string> VersionAsync(CacheFixture mesh)
    {
        var version = await mesh.LookAsync(Parts, "1");
        Assert.Equal(MetaStatus.Hit, version.Status);
        return Convert.ToHexString(version.Value!);
    }
}
