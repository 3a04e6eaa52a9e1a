using System.Globalization;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>One write, followed from the phone's call to what it made invalid.</summary>
public sealed class TraceTests(TracedMesh traced) : IClassFixture<TracedMesh>
{
    private static readonly string[] _stream = ["commit", "send ", "mark "];

    [Fact]
    public async Task EverySampledWriteHasItsPathFromTheAppsCallToTheMarks()
    {
        var post = await traced.CachedPostAsync();
        List<(string Trace, string Method, string Service)> writes = [];
        for (var i = 0; i < 5; i++)
        {
            await WriteAsync("Post", "media.v1.MediaService/CreateMedia", options => traced.Mesh.App.PostAsync(
                new PostRequest { Caption = "one more", RequestId = Guid.NewGuid().ToString("N") }, options).ResponseAsync);
            await WriteAsync("Comment", "media.v1.MediaService/AddComment", options => traced.Mesh.App.CommentAsync(
                new CommentRequest { MediaId = post, Text = "well", RequestId = Guid.NewGuid().ToString("N") }, options).ResponseAsync);
            var other = await traced.Mesh.NewUserAsync();
            await WriteAsync("Follow", "graph.v1.GraphService/Follow", options => traced.Mesh.App.FollowAsync(
                new FollowRequest { UserId = other }, options).ResponseAsync);
            await WriteAsync("Like", "media.v1.MediaService/Like", options => traced.Mesh.App.LikeAsync(
                new LikeRequest { MediaId = post }, options).ResponseAsync);
            await WriteAsync("Unlike", "media.v1.MediaService/Unlike", options => traced.Mesh.App.UnlikeAsync(
                new UnlikeRequest { MediaId = post }, options).ResponseAsync);
        }

        foreach (var (trace, method, service) in writes)
        {
            string[] path = [$"insta.app.v1.AppService/{method}", $"insta.{service}", .. _stream];
            var spans = await traced.TraceAsync(trace, path);
            TracedMesh.AssertWhole(spans);
            var served = spans.First(span => span.Name == path[1] && span.Tags.ContainsKey("insta.caller.kind"));
            Assert.Equal(("grpc", $"insta.{service.Split('/')[0]}"), (served.Tags["rpc.system"], served.Tags["rpc.service"]));
            if (method is "Like" or "Unlike" or "Comment")
            {
                Assert.Equal(new InstaId(post).Shard.ToString(CultureInfo.InvariantCulture), served.Tags["insta.shard"]);
            }

            Assert.Contains(spans, span => span.Tags.TryGetValue("db.query.text", out var sql) && (sql.Contains("INSERT") || sql.Contains("DELETE")));
            var send = spans.Single(span => span.Name.StartsWith("send ", StringComparison.Ordinal));
            Assert.Equal(("kafka", "send"), (send.Tags["messaging.system"], send.Tags["messaging.operation.type"]));
            Assert.EndsWith("changes.n1", send.Tags["messaging.destination.name"]);
            var mark = spans.First(span => span.Name.StartsWith("mark ", StringComparison.Ordinal));
            Assert.Equal((send.Id, "process"), (mark.Parent, mark.Tags["messaging.operation.type"]));
            Assert.NotEqual("0", mark.Tags["insta.keys"]);
            AssertDocumented(spans);
        }

        async Task WriteAsync(string method, string service, Func<Grpc.Core.CallOptions, Task> call)
        {
            var (trace, options) = traced.NewTrace();
            await call(options);
            writes.Add((trace, method, service));
        }
    }

    [Fact]
    public async Task TheProjectorsBatchTheFanOutAndTheRefillAreLinkedToTheWriteTheyServe()
    {
        var post = await traced.CachedPostAsync();
        var (liking, like) = traced.NewTrace();
        await traced.Mesh.App.LikeAsync(new LikeRequest { MediaId = post }, like);
        // The first to be told is the one that refills.
        using var limit = new CancellationTokenSource(ServingMesh.Limit);
        while (!await traced.HasLikedAsync(post)) limit.Token.ThrowIfCancellationRequested();
        var (posting, options) = traced.NewTrace();
        await traced.Mesh.App.PostAsync(new PostRequest { Caption = "one more", RequestId = Guid.NewGuid().ToString("N") }, options);

        var liked = await traced.TraceAsync(liking, _stream);
        var (batch, folding) = await traced.LinkedAsync("project ", liked, _stream[1..]);
        Assert.Equal("process", batch.Tags["messaging.operation.type"]);
        // The batch is a write itself, whose rows make counts invalid.
        Assert.Contains(folding, span => span.Name.StartsWith("mark ", StringComparison.Ordinal));
        var (refill, reading) = await traced.LinkedAsync("cache refill", liked);
        Assert.Equal(("insta.media.v1.MediaService/HasLiked", "Filled"), (refill.Tags["insta.method"], refill.Tags["insta.cache.lease"]));
        Assert.Contains(reading, span => span.Parent == refill.Id && span.Tags.ContainsKey("db.query.text"));
        var (_, posted) = await traced.LinkedAsync("project ", await traced.TraceAsync(posting, _stream));
        var (fanOut, _) = await traced.LinkedAsync("fan out", posted);
        Assert.Equal("Push", fanOut.Tags["insta.fanout.tier"]);
        AssertDocumented([.. liked, .. folding, .. reading, .. posted, fanOut]);
    }

    [ToolFact("jaeger")]
    public async Task TheTraceCommandPrintsAWriteAsATreeAndFollowsItsLinks()
    {
        var (posting, options) = traced.NewTrace();
        await traced.Mesh.App.PostAsync(new PostRequest { Caption = "one more", RequestId = Guid.NewGuid().ToString("N") }, options);
        var (_, posted) = await traced.LinkedAsync("project ", await traced.TraceAsync(posting, _stream), _stream[1..]);
        await traced.LinkedAsync("fan out", posted);

        var (code, output) = await InstaProcess.RunAsync("trace", posting, "--jaeger", traced.Jaeger!.Address.ToString());

        Assert.True(code == 0, output);
        var lines = output.Split('\n');
        Assert.StartsWith($"trace {posting}, ", lines[0]);
        string[] order =
        [
            "  insta.app.v1.AppService/Post ", "insta.media.v1.MediaService/CreateMedia ", "commit ", "send ", "mark ", "linked: trace ", "  project ",
            "  fan out ",
        ];
        var at = -1;
        Assert.All(order, step => Assert.True((at = Array.FindIndex(lines, at + 1, line => line.Contains(step))) > 0, $"no '{step}' in its place:\n{output}"));
        // Below what began it.
        Assert.True(lines.First(line => line.Contains("mark ")).IndexOf("mark ") > lines.First(line => line.Contains("send ")).IndexOf("send "), output);

        var (missing, said) = await InstaProcess.RunAsync("trace", Guid.NewGuid().ToString("N"), "--jaeger", traced.Jaeger.Address.ToString());
        Assert.Equal(1, missing);
        Assert.Contains("has no trace", said);
        var (nobody, whom) = await InstaProcess.RunAsync("trace", posting, "--jaeger", "http://127.0.0.1:1");
        Assert.Equal(2, nobody);
        Assert.Contains("give its query address with --jaeger URL", whom);
    }

    private static void AssertDocumented(IEnumerable<ReceivedSpan> spans)
    {
        var document = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "traces.md"));
        var names = spans.SelectMany(static span => span.Tags.Keys).Where(static name => name.StartsWith("insta.", StringComparison.Ordinal));
        foreach (var name in names.Distinct())
        {
            Assert.Contains($"| `{name}` |", document);
        }
    }
}
