using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Integration.Tests;
using InstaGrpc.TestFixtures;
using Npgsql;
using Xunit.Abstractions;

namespace InstaGrpc.Proof.Tests;

/// <summary>What the project exists for, on a running mesh with 64 busy readers. Every read is a first attempt, and none may fail.</summary>
public sealed class ProofOfTheIdeaTests(ProofMesh fixture, ITestOutputHelper output) : IClassFixture<ProofMesh>
{
    private const int Readers = 64;
    private const int Rounds = 100;

    // Half of all writes are marked within this.
    private static readonly TimeSpan _few = TimeSpan.FromMilliseconds(100);

    private readonly MeshUnderTest _mesh = fixture.Mesh;

    [Fact]
    public async Task AReadAfterTheMarkOfAnUpdateByPsqlIsNew()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id, "v0");
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        var times = new List<TimeSpan>();
        var scans = await MeshUnderTest.ScansAsync(postgres, "media");
        long reads;
        await using (var readers = new BusyReaders(Readers, async () =>
            await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media.Id }, MeshUnderTest.AsUser(owner.Id))))
        {
            for (var version = 1; version <= Rounds; version++)
            {
                var committed = await MeshUnderTest.CommitAsync(postgres, $"UPDATE media SET caption = 'v{version}' WHERE id = {media.Id}");
                times.Add(await _mesh.MarkedAsync(node, committed));

                var read = await _mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = media.Id }, MeshUnderTest.AsUser(owner.Id));

                Assert.Equal($"v{version}", read.Media.Caption);
            }
            reads = await readers.StopAsync();
        }
        Print("UPDATE by psql -> marked", times);
        // The updates look the row up once each; what remains are the queries that served all the reads: one refill for each update. A lease
        // that timed out on a busy machine costs another.
        await JudgeQueriesAsync(postgres, "media", scans + Rounds, reads, Rounds * 3);
    }

    [Fact]
    public async Task AReadWithTheTokenOfAWriteIsNewAtOnceAndSoonAHit()
    {
        const string method = "insta.media.v1.MediaService/ListComments";
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        Written? newest = null;
        var (hits, others, tooOld) = (0L, 0L, 0L);
        var times = new List<TimeSpan>();
        await using var readers = new BusyReaders(Readers, async () =>
        {
            var known = Volatile.Read(ref newest);
            var read = await ListAsync(known?.Token);
            if (known is not null && read.Comments[0].Id < known.Comment) Interlocked.Increment(ref tooOld);
        });
        for (var n = 0; n < Rounds; n++)
        {
            var written = await CommentAsync(media.Id, owner.Id, $"comment {n}");

            var read = await ListAsync(written.Token);
            Assert.Equal(written.Comment, read.Comments[0].Id);

            // A few ms later: from here on all that the 64 readers ask carries the token, too.
            Volatile.Write(ref newest, written);
            times.Add(await _mesh.MarkedAsync(node, ReadToken.Parse(written.Token).Positions.Single(pair => pair.Key == node).Value.ToReplayPosition()));
            await ListAsync(written.Token);
            var before = await _mesh.CacheReadsByLevelAsync(method);
            await readers.MoreAsync(Readers * 4);
            foreach (var (level, reads) in await _mesh.CacheReadsByLevelAsync(method))
            {
                var added = reads - before.GetValueOrDefault(level);
                if (level is "memcached" or "l1") hits += added;
                else others += added;
            }
        }
        await readers.StopAsync();
        output.WriteLine($"{hits:N0} of {hits + others:N0} reads with a token were hits, {tooOld} older than their token");
        Print("AddComment, read by its writer -> marked", times);
        Assert.Equal(0, tooOld);
        Assert.InRange(hits, Rounds * Readers, long.MaxValue);
        Assert.InRange(others, 0, hits / 9);
        // Print has sorted them.
        Assert.InRange(times[Rounds / 2], TimeSpan.Zero, _few);

        async Task<ListCommentsResponse> ListAsync(string? token) => await _mesh.Media.ListCommentsAsync(
            new ListCommentsRequest { MediaId = media.Id, PageSize = 5 }, MeshUnderTest.AsUser(owner.Id, token));
    }

    [Fact]
    public async Task CountsAreNeverOlderThanTheContractAllowsHoweverLongTheyChange()
    {
        var maxStale = TimeSpan.FromMilliseconds(2000);
        // Several times as long as an answer may be stale: a refill that every change outran would be seen.
        var changing = TimeSpan.FromSeconds(8);
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        // When everybody had to know version 1, 2, …: its mark, and what may be served stale after it.
        var due = new List<long>();
        var times = new List<TimeSpan>();
        var answers = new ConcurrentQueue<(long Version, long Asked)>();
        var scans = await MeshUnderTest.ScansAsync(postgres, "media_counts");
        await using (var readers = new BusyReaders(Readers, async () =>
        {
            var asked = Stopwatch.GetTimestamp();
            var read = await _mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = media.Id }, MeshUnderTest.AsUser(owner.Id));
            answers.Enqueue((read.Counts.Likes, asked));
        }))
        {
            var began = Stopwatch.StartNew();
            while (began.Elapsed < changing)
            {
                var committed = await MeshUnderTest.CommitAsync(
                    postgres, $"UPDATE media_counts SET likes = {due.Count + 1} WHERE media_id = {media.Id}");
                times.Add(await _mesh.MarkedAsync(node, committed));
                due.Add(Stopwatch.GetTimestamp() + (long)(maxStale.TotalSeconds * Stopwatch.Frequency));
            }
            // Until everybody had to know the last one.
            while (Stopwatch.GetTimestamp() < due[^1])
            {
                await readers.MoreAsync(1);
            }
            var last = await _mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = media.Id }, MeshUnderTest.AsUser(owner.Id));
            Assert.Equal(due.Count, last.Counts.Likes);
            await readers.StopAsync();
        }

        // All that were due before the question: their number is the least version that it may be answered with.
        var tooOld = answers.Count(answer => answer.Version < (due.BinarySearch(answer.Asked) is var place && place >= 0 ? place : ~place));
        var judged = answers.Count(answer => answer.Asked > due[0]);
        output.WriteLine($"{due.Count} changes; {answers.Count:N0} answers, {judged:N0} of them after the first was due, {tooOld} too old");
        Print("UPDATE by psql -> marked", times);
        Assert.Equal(0, tooOld);
        Assert.InRange(judged, answers.Count / 4, answers.Count);
        // However many changes there are: a refill a second, and those that a change outran.
        await JudgeQueriesAsync(postgres, "media_counts", scans + due.Count, answers.Count, 4 * (int)(changing + maxStale).TotalSeconds);
    }

    [Fact]
    public async Task AListReadAfterTheMarkOfAnInsertByPsqlHasTheRow()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        var postgres = _mesh.Nodes.Primary(node);
        var times = new List<TimeSpan>();
        var scans = await MeshUnderTest.ScansAsync(postgres, "comments");
        await using var readers = new BusyReaders(
            Readers,
            async () => await _mesh.Media.ListCommentsAsync(
                new ListCommentsRequest { MediaId = media.Id, PageSize = 3 }, MeshUnderTest.AsUser(owner.Id)));
        for (var n = 1; n <= Rounds; n++)
        {
            var id = media.Id + n;
            var committed = await MeshUnderTest.CommitAsync(
                postgres, $"INSERT INTO comments (media_id, id, author_id, text) VALUES ({media.Id}, {id}, {owner.Id}, 'by psql {n}')");
            times.Add(await _mesh.MarkedAsync(node, committed));

            var read = await _mesh.Media.ListCommentsAsync(new ListCommentsRequest { MediaId = media.Id, PageSize = 3 }, MeshUnderTest.AsUser(owner.Id));

            Assert.Equal(id, read.Comments[0].Id);
        }
        var reads = await readers.StopAsync();
        Print("INSERT by psql -> marked", times);
        await JudgeQueriesAsync(postgres, "comments", scans, reads, Rounds * 3);
    }

    [Fact]
    public async Task TheDemoSaysSoToo()
    {
        // The mesh of tests/Integration has neither the demo's posts nor a folder.
        var post = await _mesh.NewMediaAsync((await _mesh.NewUserAsync()).Id);
        string[] arguments = ["demo", "--media", post.Id.ToString(CultureInfo.InvariantCulture)];
        var (code, said) = fixture.Mesh is RunningMesh running
            ? await InstaProcess.RunAsync(
                new Dictionary<string, string>(running.Variables) { ["INSTA__GRPC__ADDRESS"] = "http://" + running.GrpcOf("media") }, arguments)
            : await InstaProcess.RunAsync([.. arguments, "--data", fixture.Data!]);
        output.WriteLine(said);
        Assert.True(code == 0, said);
        Assert.Matches("(?m)^failed reads +0$", said);
        Assert.Matches("(?m)^wrong answers +0$", said);
    }

    // (e): PostgreSQL's own count says that the cache served the reads.
    private async Task JudgeQueriesAsync(NpgsqlDataSource postgres, string table, long before, long reads, long most)
    {
        var queries = await MeshUnderTest.ScansAsync(postgres, table) - before;
        output.WriteLine($"{reads:N0} reads of busy readers cost {queries:N0} queries of {table}");
        Assert.InRange(queries, 0, Math.Min(reads / 4, most));
    }

    private async Task<Written> CommentAsync(long media, long author, string text)
    {
        var call = _mesh.Media.AddCommentAsync(
            new AddCommentRequest { MediaId = media, Text = text, RequestId = Guid.NewGuid().ToString("N") }, MeshUnderTest.AsUser(author));
        var comment = (await call).Comment;
        return new Written(call.GetTrailers().GetValue(MetadataNames.ReadToken)!, comment.Id);
    }

    private void Print(string what, List<TimeSpan> times)
    {
        times.Sort();
        output.WriteLine($"{what}: p50 {times[times.Count / 2].TotalMilliseconds:0.0} ms, p99 {times[times.Count * 99 / 100].TotalMilliseconds:0.0} ms");
    }

    /// <summary>A comment, and the token of its commit.</summary>
    private sealed record Written(string Token, long Comment);
}
