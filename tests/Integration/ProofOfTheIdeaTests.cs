using System.Collections.Concurrent;
using System.Diagnostics;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using Xunit.Abstractions;

namespace InstaGrpc.Integration.Tests;

/// <summary>What the project exists for, on a running mesh with 64 busy readers. Every read that is checked is a first attempt.</summary>
public sealed class ProofOfTheIdeaTests(RunningMesh fixture, ITestOutputHelper output) : IClassFixture<RunningMesh>
{
    private const int Readers = 64;
    private const int Rounds = 100;

    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task AReadAfterTheMarkOfAnUpdateByPsqlIsNew()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id, "v0");
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        var times = new List<TimeSpan>();
        var scans = await RunningMesh.ScansAsync(postgres, "media");
        long reads;
        await using (var readers = new BusyReaders(Readers, async () =>
            await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media.Id }, RunningMesh.AsUser(owner.Id))))
        {
            for (var version = 1; version <= Rounds; version++)
            {
                var committed = await RunningMesh.CommitAsync(postgres, $"UPDATE media SET caption = 'v{version}' WHERE id = {media.Id}");
                times.Add(await _mesh.MarkedAsync(node, committed));

                var read = await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media.Id }, RunningMesh.AsUser(owner.Id));

                Assert.Equal($"v{version}", read.Media.Caption);
            }
            reads = await readers.StopAsync();
        }
        Print("UPDATE by psql -> marked", times);

        // (e) The updates look the row up once each; what remains are the queries that served all the reads.
        var queries = await RunningMesh.ScansAsync(postgres, "media") - scans - Rounds;
        output.WriteLine($"{reads:N0} reads of busy readers cost {queries:N0} queries");
        // One refill for each update; a lease that timed out on a busy machine costs another.
        Assert.InRange(queries, 0, Math.Min(reads / 4, Rounds * 3));
    }

    [Fact]
    public async Task AReadWithTheTokenOfAWriteIsNewAtOnceAndSoonAHit()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        const string method = "insta.media.v1.MediaService/ListComments";
        long hits = 0;
        await using var listing = new BusyReaders(
            Readers,
            async () => await _mesh.Media.ListCommentsAsync(
                new ListCommentsRequest { MediaId = media.Id, PageSize = 5 }, RunningMesh.AsUser(owner.Id)));
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var single = await _mesh.NewMediaAsync(owner.Id);
        for (var n = 0; n < Rounds; n++)
        {
            var (token, comment) = await CommentAsync(media.Id, owner.Id, $"comment {n}");

            var read = await _mesh.Media.ListCommentsAsync(
                new ListCommentsRequest { MediaId = media.Id, PageSize = 5 }, RunningMesh.AsUser(owner.Id, token));
            Assert.Equal(comment.Id, read.Comments[0].Id);
        }
        await listing.StopAsync();

        // A few ms later: first a read that fills, then one that must be a hit, both with the token. Hits are counted for the method, so the busy readers ask
        // another one here.
        await using var readers = new BusyReaders(
            Readers, async () => await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = single.Id }, RunningMesh.AsUser(owner.Id)));
        for (var n = 0; n < Rounds; n++)
        {
            var (token, comment) = await CommentAsync(single.Id, owner.Id, $"comment {n}");
            await _mesh.MarkedAsync(node, Contracts.Positions.ReadToken.Parse(token).Positions.Single(pair => pair.Key == node).Value.ToReplayPosition());
            await _mesh.Media.ListCommentsAsync(new ListCommentsRequest { MediaId = single.Id }, RunningMesh.AsUser(owner.Id, token));
            var before = await _mesh.CacheReadsAsync(method, "memcached", "l1");
            var read = await _mesh.Media.ListCommentsAsync(new ListCommentsRequest { MediaId = single.Id }, RunningMesh.AsUser(owner.Id, token));
            Assert.Equal(comment.Id, read.Comments[0].Id);
            hits += await _mesh.CacheReadsAsync(method, "memcached", "l1") - before;
        }
        await readers.StopAsync();
        output.WriteLine($"{hits} of {Rounds} reads with a token were hits");
        Assert.InRange(hits, Rounds * 9 / 10, Rounds);
    }

    [Fact]
    public async Task CountsAreNeverOlderThanTheContractAllows()
    {
        var maxStale = TimeSpan.FromMilliseconds(2000);
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        // version -> when everybody had to know it: its mark, and what may be served stale after it.
        var due = new ConcurrentQueue<(long Version, long At)>();
        var answers = new ConcurrentQueue<(long Version, long Asked)>();
        await using (var readers = new BusyReaders(Readers, async () =>
        {
            var asked = Stopwatch.GetTimestamp();
            var read = await _mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = media.Id }, RunningMesh.AsUser(owner.Id));
            answers.Enqueue((read.Counts.Likes, asked));
        }))
        {
            for (var version = 1; version <= 40; version++)
            {
                var committed = await RunningMesh.CommitAsync(postgres, $"UPDATE media_counts SET likes = {version} WHERE media_id = {media.Id}");
                await _mesh.MarkedAsync(node, committed);
                due.Enqueue((version, Stopwatch.GetTimestamp() + (long)(maxStale.TotalSeconds * Stopwatch.Frequency)));
            }
            // Until everybody had to know the last one.
            while (Stopwatch.GetTimestamp() < due.Last().At)
            {
                await Task.Yield();
            }
            var last = await _mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = media.Id }, RunningMesh.AsUser(owner.Id));
            Assert.Equal(40, last.Counts.Likes);
            await readers.StopAsync();
        }

        var limits = due.ToArray();
        var tooOld = answers.Count(answer => limits.Any(limit => answer.Asked > limit.At && answer.Version < limit.Version));
        output.WriteLine($"{answers.Count:N0} answers, {tooOld} too old");
        Assert.Equal(0, tooOld);
    }

    [Fact]
    public async Task AListReadAfterTheMarkOfAnInsertByPsqlHasTheRow()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        var times = new List<TimeSpan>();
        await using var readers = new BusyReaders(
            Readers,
            async () => await _mesh.Media.ListCommentsAsync(
                new ListCommentsRequest { MediaId = media.Id, PageSize = 3 }, RunningMesh.AsUser(owner.Id)));
        for (var n = 1; n <= Rounds; n++)
        {
            var id = media.Id + n;
            var committed = await RunningMesh.CommitAsync(
                postgres, $"INSERT INTO comments (media_id, id, author_id, text) VALUES ({media.Id}, {id}, {owner.Id}, 'by psql {n}')");
            times.Add(await _mesh.MarkedAsync(node, committed));

            var read = await _mesh.Media.ListCommentsAsync(new ListCommentsRequest { MediaId = media.Id, PageSize = 3 }, RunningMesh.AsUser(owner.Id));

            Assert.Equal(id, read.Comments[0].Id);
        }
        await readers.StopAsync();
        Print("INSERT by psql -> marked", times);
    }

    private async Task<(string Token, Comment Comment)> CommentAsync(long media, long author, string text)
    {
        var call = _mesh.Media.AddCommentAsync(
            new AddCommentRequest { MediaId = media, Text = text, RequestId = Guid.NewGuid().ToString("N") }, RunningMesh.AsUser(author));
        var comment = (await call).Comment;
        return (call.GetTrailers().GetValue(MetadataNames.ReadToken)!, comment);
    }

    private void Print(string what, List<TimeSpan> times)
    {
        times.Sort();
        output.WriteLine($"{what}: p50 {times[times.Count / 2].TotalMilliseconds:0.0} ms, p99 {times[times.Count * 99 / 100].TotalMilliseconds:0.0} ms");
    }
}
