using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Robustness.Feeds.Traffic;
using InstaGrpc.Robustness.Feeds.Validation;
using InstaGrpc.TestFixtures;
using Xunit.Abstractions;

namespace InstaGrpc.Robustness.Feeds;

/// <summary>Notifications while their worker is killed.</summary>
public sealed class NotificationTests(AssemblyServers fixture, ITestOutputHelper output) : IClassFixture<AssemblyServers>
{
    private const int Users = 8;
    private const int WritesOfLife = 40;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(TestTier.Count(150, 1_500));

    [Fact]
    public async Task EachIsListedOnceAndShownOnceHoweverOftenTheWorkerIsKilled()
    {
        var began = Stopwatch.StartNew();
        using var limit = new CancellationTokenSource(_limit);
        await using var system = await FeedSystem.StartAsync(fixture.Servers, activeFirstFrom: 4, pullAbove: 12);
        var traffic = new ToldTraffic(system, limit.Token);
        await traffic.BeginAsync(Users);
        await system.SettleAsync(traffic.Users, limit.Token);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        using var shown = new SemaphoreSlim(0);
        var readers = traffic.Users.Select(user => new ToldReader(system, user)).ToList();
        var reading = Task.WhenAll(readers.Select(reader => reader.RunAsync(() => shown.Release(), end.Token)));
        var kills = TestTier.Count(4, 100);
        for (var life = 0; life < kills; life++)
        {
            // Anywhere in what it has to do: some of this life's writes have been shown, and not all.
            var writing = traffic.WriteAsync(life, WritesOfLife);
            for (var n = 0; n <= life % (WritesOfLife / 4); n++)
            {
                await shown.WaitAsync(limit.Token);
            }

            await system.KillProjectorAsync(limit.Token);
            await writing;
        }

        await system.SettleAsync(traffic.Users, limit.Token);
        foreach (var reader in readers)
        {
            var expected = traffic.ExpectedOf(reader.User);
            while (reader.Seen.Count < expected.Count)
            {
                await shown.WaitAsync(limit.Token);
            }

            Assert.Equal(expected.Order(_byAll), reader.Seen.Select(Told.Of).Order(_byAll));
            var listed = await reader.ListAsync(7, limit.Token);
            Assert.Equal(reader.Seen.Select(static told => told.Id), listed.Select(static told => told.Id).Reverse());
            Assert.Equal(expected.Order(_byAll), listed.Select(Told.Of).Order(_byAll));
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kills} kills, {traffic.Expected} notifications, {readers.Sum(static reader => reader.Streams)} streams; {began.Elapsed.TotalSeconds:0} s"));
        await EndAsync(system, readers, limit.Token);
        await end.CancelAsync();
        await reading;
    }

    // What a user did who is deleted leaves everybody's list.
    private static async Task EndAsync(FeedSystem system, List<ToldReader> readers, CancellationToken cancellation)
    {
        var gone = readers[0].User;
        Assert.Contains(readers, reader => reader.Seen.Any(told => told.ActorId == gone));
        var graph = new GraphService.GraphServiceClient(system.Mesh.As("admin"));
        await graph.DeleteUserAsync(new DeleteUserRequest { UserId = gone }, cancellationToken: cancellation);
        foreach (var reader in readers.Skip(1))
        {
            while ((await reader.ListAsync(100, cancellation)).Any(told => told.ActorId == gone))
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private static readonly Comparer<Told> _byAll = Comparer<Told>.Create(static (x, y) =>
        (x.Kind, x.Actor, x.Media, x.Comment).CompareTo((y.Kind, y.Actor, y.Media, y.Comment)));
}
