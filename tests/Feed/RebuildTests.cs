using System.Text;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Embedded;
using InstaGrpc.Services.Feed;
using InstaGrpc.Timelines;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Feed.Tests;

/// <summary>What can come between the steps of a rebuild, each put there on purpose.</summary>
public class RebuildTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task ABuilderWhoReadTheOldFollowsStartsOver()
    {
        var phases = new Phases();
        await using var mesh = await StartAsync(phases);
        var (reader, friend, late) = (await mesh.UserAsync(), await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, friend);
        await mesh.PostAsync(friend);

        // This post's fan-out ran before the edge was there: only a rebuild can find it.
        var post = await mesh.PostAsync(late);
        phases.AfterRead = async () =>
        {
            phases.AfterRead = null;
            await mesh.FollowAsync(reader, late);
            await mesh.Appender.DropAsync(new[] { reader });
        };
        await mesh.WalkAsync(reader);
        Assert.Equal(2, phases.Builds);
        Assert.Contains(post, Posts(await mesh.Store.ReadAsync(reader)));
        Assert.Contains(post, await mesh.WalkAsync(reader));
        Assert.Equal(2, phases.Builds);
    }

    [Fact]
    public async Task ADropThatCameBeforeTheFollowWouldLeaveThePostOut()
    {
        // The order that is ruled out, so that the test above is seen to tell them apart.
        await using var mesh = await StartAsync(new Phases());
        var (reader, late) = (await mesh.UserAsync(), await mesh.UserAsync());
        var post = await mesh.PostAsync(late);
        await mesh.Appender.DropAsync(new[] { reader });
        await mesh.WalkAsync(reader);
        await mesh.FollowAsync(reader, late);
        Assert.DoesNotContain(post, await mesh.WalkAsync(reader));
        Assert.Contains(post, await mesh.OracleAsync(reader));
    }

    [Fact]
    public async Task APostThatCommitsAfterTheQueryIsAppendedToTheBuilding()
    {
        var phases = new Phases();
        await using var mesh = await StartAsync(phases);
        var (reader, friend) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, friend);
        var before = await mesh.PostAsync(friend);
        long during = 0, after = 0;
        phases.BeforeRead = async () => during = await mesh.PostAsync(friend);
        phases.AfterRead = async () => after = await mesh.PostAsync(friend, reader);
        var seen = await mesh.WalkAsync(reader);
        Assert.Equal([after, during, before], seen);
        Assert.Equal(1, phases.Builds);
        Assert.Equal([during, before, after], Posts(await mesh.Store.ReadAsync(reader)));
    }

    [Fact]
    public async Task AnAuthorWhoCrossesTheLimitWhileATimelineIsBuiltIsPulledByNotice()
    {
        var phases = new Phases();
        await using var mesh = await StartAsync(phases, FeedMesh.Setting("ActiveFirstFrom", 1), FeedMesh.Setting("PullAbove", 5));
        var (reader, star) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, star);
        var before = await mesh.PostAsync(star);
        phases.AfterRead = async () =>
        {
            await mesh.ExecuteAsync(star, $"UPDATE user_counts SET followers = 6 WHERE user_id = {star}");
            await mesh.Appender.AppendAsync(new[] { reader }, TimelineEntry.Notice(star));
        };
        Assert.Equal([before], await mesh.WalkAsync(reader));
        var after = await mesh.PostAsync(star);
        Assert.Equal([after, before], await mesh.WalkAsync(reader));
    }

    [Fact]
    public async Task AServerThatRestartsWhileATimelineIsBuiltCostsABuildAndNoPost()
    {
        var phases = new Phases();
        var memcached = await EmbeddedMemcached.StartAsync();
        await using var mesh = await StartAsync(phases, new KeyValuePair<string, string?>("Insta:Memcached:Servers", memcached.Address));
        var (reader, friend) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, friend);
        await mesh.PostAsync(friend);
        phases.AfterRead = async () =>
        {
            phases.AfterRead = null;
            await memcached.CrashAsync();
            memcached = await EmbeddedMemcached.StartAsync(new EmbeddedMemcachedOptions { Port = memcached.Port });
            await mesh.Mesh.Services.GetRequiredService<Memcached.MemcachedPool>().ConnectAsync();
            await mesh.PostAsync(friend, reader);
        };
        var seen = await mesh.WalkAsync(reader);
        Assert.Equal(await mesh.OracleAsync(reader), seen);
        Assert.Equal(seen, await mesh.WalkAsync(reader));
        Assert.Equal(2, Posts(await mesh.Store.ReadAsync(reader)).Count);
        await memcached.DisposeAsync();
    }

    [Fact]
    public async Task ATimelineForWhichThereIsNoRoomIsPulledAndKeepsNobodyWaitingForIt()
    {
        var phases = new Phases();
        await using var memcached = await EmbeddedMemcached.StartAsync(
            new EmbeddedMemcachedOptions { MemoryMegabytes = 8, ExtraArguments = ["-M"] });

        // Who waits for a builder waits for longer than a call may take.
        await using var mesh = await StartAsync(
            phases, new("Insta:Memcached:Servers", memcached.Address), FeedMesh.Setting("BuildWait", TimeSpan.FromMinutes(1)));
        var (reader, friend, stranger) = (await mesh.UserAsync(), await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, friend);
        for (var i = 0; i < 300; i++)
        {
            await mesh.PostAsync(friend);
        }

        // There is room for small items, and from then on for no large one.
        Assert.Empty(await mesh.WalkAsync(stranger));
        var server = mesh.Mesh.Services.GetRequiredService<Memcached.MemcachedPool>().Servers[0];
        var fill = new byte[2_400];
        for (var i = 0; (await server.SetAsync(Encoding.ASCII.GetBytes($"fill{i}"), fill, default)).IsHit; i++)
        {
            Assert.InRange(i, 0, 10_000);
        }

        phases.Builds = 0;
        var expected = await mesh.OracleAsync(reader);
        Assert.Equal(expected, await mesh.WalkAsync(reader));
        Assert.Null(await mesh.Store.ReadAsync(reader));
        Assert.Equal(expected, await mesh.WalkAsync(reader));
        Assert.Equal(1, phases.Builds);
    }

    [Fact]
    public async Task ManyReadersAtATimeBuildOnceAndTheOthersWaitOrPull()
    {
        var phases = new Phases();
        await using var mesh = await StartAsync(phases);
        var (reader, friend) = (await mesh.UserAsync(), await mesh.UserAsync());
        await mesh.FollowAsync(reader, friend);
        var post = await mesh.PostAsync(friend);
        var others = new TaskCompletionSource();
        phases.AfterRead = () => others.Task;
        var first = mesh.WalkAsync(reader);
        await phases.Reading.Task;

        // The builder is held, so these can only pull.
        foreach (var walk in Enumerable.Range(0, 8).Select(_ => mesh.WalkAsync(reader)).ToArray())
        {
            Assert.Equal([post], await walk);
        }

        others.SetResult();
        Assert.Equal([post], await first);
        Assert.Equal(1, phases.Builds);
    }

    [Fact]
    public async Task ABuildingThatFailsIsGivenBack()
    {
        var phases = new Phases();
        await using var mesh = await StartAsync(phases);
        mesh.Mesh.ExpectErrors = true;
        var reader = await mesh.UserAsync();
        var own = await mesh.PostAsync(reader);
        phases.AfterRead = () => throw new InvalidOperationException("planted");
        await mesh.FeedAs(reader).HomeFeedAsync(new Contracts.FeedV1.HomeFeedRequest { UserId = reader }).FailsAsync(Grpc.Core.StatusCode.Internal);
        Assert.Null(await mesh.Store.ReadAsync(reader));
        phases.AfterRead = null;
        Assert.Equal([own], await mesh.WalkAsync(reader));
        Assert.NotNull(await mesh.Store.ReadAsync(reader));
    }

    private Task<FeedMesh> StartAsync(Phases phases, params KeyValuePair<string, string?>[] settings) => FeedMesh.StartAsync(
        servers.Servers,
        services =>
        {
            services.AddSingleton<FollowedPosts>();
            services.AddSingleton<IFollowedPosts>(provider => phases.Around(provider.GetRequiredService<FollowedPosts>()));
        },
        settings);

    private static List<long> Posts(StoredTimeline? timeline) =>
        [.. timeline!.Entries.ToArray().Where(static entry => !entry.IsNotice).Select(static entry => entry.Id)];

    /// <summary>Runs what a test wants between the steps.</summary>
    private sealed class Phases
    {
        public Func<Task>? BeforeRead { get; set; }

        public Func<Task>? AfterRead { get; set; }

        public TaskCompletionSource Reading { get; } = new();

        public int Builds { get; set; }

        public IFollowedPosts Around(IFollowedPosts posts) => new Phased(this, posts);

        private sealed class Phased(Phases phases, IFollowedPosts posts) : IFollowedPosts
        {
            public async ValueTask<TimelineContent> ToBuildAsync(long user, CancellationToken cancellation)
            {
                phases.Builds++;
                phases.Reading.TrySetResult();
                await (phases.BeforeRead?.Invoke() ?? Task.CompletedTask);
                var content = await posts.ToBuildAsync(user, cancellation);
                await (phases.AfterRead?.Invoke() ?? Task.CompletedTask);
                return content;
            }

            public ValueTask<IReadOnlyList<long>> BeforeAsync(
                IEnumerable<long> authors, long before, int most, CancellationToken cancellation) =>
                posts.BeforeAsync(authors, before, most, cancellation);
        }
    }
}
