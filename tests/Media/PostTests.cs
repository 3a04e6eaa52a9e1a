using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Photos;

namespace InstaGrpc.Media.Tests;

public class PostTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly string _blob = new('a', 64);

    [Fact]
    public async Task APostIsReadAsItWasWrittenAndLivesOnItsOwnersShard()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n2", 1);
        var (one, two) = (await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48)), await mesh.UploadAsync(user, GeneratedPicture.Png(2, 30, 40)));
        var request = new CreateMediaRequest { Caption = "Grüße 🌍", BlobIds = { one.BlobId, two.BlobId }, RequestId = "r" };
        var call = mesh.As(user).CreateMediaAsync(request);
        var made = (await call).Media;
        Assert.Equal((user, "Grüße 🌍", 2), (made.OwnerId, made.Caption, made.Photos.Count));
        Assert.Equal(
            [new Photo { BlobId = one.BlobId, Width = 64, Height = 48 }, new Photo { BlobId = two.BlobId, Width = 30, Height = 40 }], made.Photos);
        Assert.Equal(new InstaId(user).Shard, new InstaId(made.Id).Shard);
        Assert.True(ReadToken.Parse(call.GetTrailers().GetValue("insta-lsn")!).TryGet(new NodeName("n2"), out _));

        Assert.Equal(made, (await mesh.Service.GetMediaAsync(new GetMediaRequest { MediaId = made.Id })).Media);
        Assert.Equal(
            new MediaCounts { MediaId = made.Id }, (await mesh.Service.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = made.Id })).Counts);
        Assert.Equal(1, await mesh.DatabaseOf("n2").QueryAsync<long>("SELECT count(*) FROM media"));
    }

    [Fact]
    public async Task ARepeatedRequestMakesNoDoubleEvenAtTheSameTime()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var request = new CreateMediaRequest { Caption = "once", RequestId = "same" };
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => mesh.As(user).CreateMediaAsync(request).ResponseAsync));
        Assert.Single(answers.Distinct());
        Assert.Equal(answers[0], await mesh.As(user).CreateMediaAsync(request));
        Assert.Equal(1, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM media"));

        var other = await mesh.UserAsync("n1", 2);
        Assert.NotEqual(answers[0].Media.Id, (await mesh.As(other).CreateMediaAsync(request)).Media.Id);
    }

    [Fact]
    public async Task ABatchAnswersInTheRequestsOrderOverAllNodesAndLeavesOutWhatIsNotThere()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (one, two) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var (a, b, c) = (await mesh.PostAsync(one), await mesh.PostAsync(two), await mesh.PostAsync(one));
        await mesh.As(one).DeleteMediaAsync(new DeleteMediaRequest { MediaId = c.Id });
        long[] ids = [b.Id, 17, c.Id, a.Id];
        Assert.Equal([b, a], (await mesh.Service.BatchGetMediaAsync(new BatchGetMediaRequest { MediaIds = { ids } })).Media);
        var counts = (await mesh.Service.BatchGetMediaCountsAsync(new BatchGetMediaCountsRequest { MediaIds = { ids } })).Counts;
        Assert.Equal([b.Id, a.Id], counts.Select(static count => count.MediaId));
        Assert.Empty((await mesh.Service.BatchGetMediaAsync(new BatchGetMediaRequest())).Media);
    }

    [Fact]
    public async Task WalkingAListWhilePostsComeAndGoYieldsNoGapAndNoRepeat()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        List<long> before = [];
        for (var i = 0; i < 11; i++)
        {
            before.Add((await mesh.PostAsync(user)).Id);
        }

        List<long> seen = [];
        var token = "";
        do
        {
            var page = await mesh.Service.ListByUserAsync(new ListByUserRequest { UserId = user, PageSize = 3, PageToken = token });
            Assert.InRange(page.Media.Count, 1, 3);
            seen.AddRange(page.Media.Select(static post => post.Id));
            token = page.NextPageToken;
            await mesh.PostAsync(user);
            await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = seen[^1] });
        }
        while (token.Length > 0);
        before.Reverse();
        Assert.Equal(before, seen);
    }

    [Fact]
    public async Task ADeletedPostIsGoneForEverybodyAndDeletingItAgainDoesNothing()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (owner, other) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var post = await mesh.PostAsync(owner);
        var delete = new DeleteMediaRequest { MediaId = post.Id };
        await mesh.As(other).DeleteMediaAsync(delete).FailsAsync(StatusCode.PermissionDenied);
        await mesh.As(owner).DeleteMediaAsync(delete);
        await mesh.As(owner).DeleteMediaAsync(delete);
        await mesh.As(other).DeleteMediaAsync(delete).FailsAsync(StatusCode.PermissionDenied);
        await mesh.As(owner).DeleteMediaAsync(new DeleteMediaRequest { MediaId = 99 }).FailsAsync(StatusCode.NotFound);

        await mesh.Service.GetMediaAsync(new GetMediaRequest { MediaId = post.Id }).FailsAsync(StatusCode.NotFound);
        await mesh.Service.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = post.Id }).FailsAsync(StatusCode.NotFound);
        Assert.Empty((await mesh.Service.ListByUserAsync(new ListByUserRequest { UserId = owner })).Media);
        await mesh.As(other).LikeAsync(new LikeRequest { MediaId = post.Id }).FailsAsync(StatusCode.NotFound);
        await mesh.As(other).AddCommentAsync(new AddCommentRequest { MediaId = post.Id, Text = "x", RequestId = "r" })
            .FailsAsync(StatusCode.NotFound);
    }

    [Fact]
    public async Task AUserWhoDoesNotExistPostsNothing()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        await mesh.As(4242).CreateMediaAsync(new CreateMediaRequest { RequestId = "r" }).FailsAsync(StatusCode.NotFound);
        Assert.Equal(0, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM requests"));
    }

    [Fact]
    public async Task BadInputIsRefusedByItsFieldAndWritesNothing()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var post = await mesh.PostAsync(user);
        var media = mesh.As(user);
        var before = await RowsAsync(mesh);

        await media.CreateMediaAsync(new CreateMediaRequest { Caption = "x" }).RefusesAsync("request_id");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = new string('r', 65) }).RefusesAsync("request_id");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = "r", Caption = new string('x', 2201) }).RefusesAsync("caption");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = "r", Caption = "a\0b" }).RefusesAsync("caption");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = "r", BlobIds = { Enumerable.Repeat(_blob, 11) } }).RefusesAsync("blob_ids");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = "r", BlobIds = { _blob, "../x" } }).RefusesAsync("blob_ids[1]");
        await media.CreateMediaAsync(new CreateMediaRequest { RequestId = "r", BlobIds = { _blob } }).RefusesAsync("blob_ids[0]");
        foreach (var id in (long[])[0, -1, long.MinValue, long.MaxValue])
        {
            await media.GetMediaAsync(new GetMediaRequest { MediaId = id }).RefusesAsync("media_id");
            await media.BatchGetMediaAsync(new BatchGetMediaRequest { MediaIds = { post.Id, id } }).FailsAsync(StatusCode.InvalidArgument);
            await media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = id }).RefusesAsync("media_id");
            await media.HasLikedAsync(new HasLikedRequest { MediaId = id }).RefusesAsync("media_id");
            await media.LikeAsync(new LikeRequest { MediaId = id }).RefusesAsync("media_id");
            await media.UnlikeAsync(new UnlikeRequest { MediaId = id }).RefusesAsync("media_id");
            await media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = id }).RefusesAsync("media_id");
            await media.AddCommentAsync(new AddCommentRequest { MediaId = id, Text = "x", RequestId = "r" }).RefusesAsync("media_id");
            await media.DeleteCommentAsync(new DeleteCommentRequest { MediaId = id, CommentId = 1 }).RefusesAsync("media_id");
            await media.DeleteCommentAsync(new DeleteCommentRequest { MediaId = post.Id, CommentId = id }).RefusesAsync("comment_id");
            await media.ListCommentsAsync(new ListCommentsRequest { MediaId = id }).RefusesAsync("media_id");
            await media.ListByUserAsync(new ListByUserRequest { UserId = id }).RefusesAsync("user_id");
        }

        await media.AddCommentAsync(new AddCommentRequest { MediaId = post.Id, RequestId = "r" }).RefusesAsync("text");
        await media.AddCommentAsync(new AddCommentRequest { MediaId = post.Id, RequestId = "r", Text = new string('x', 2201) }).RefusesAsync("text");
        await media.AddCommentAsync(new AddCommentRequest { MediaId = post.Id, Text = "x" }).RefusesAsync("request_id");
        await media.BatchGetMediaAsync(new BatchGetMediaRequest { MediaIds = { Enumerable.Range(1, 101).Select(static i => (long)i) } })
            .RefusesAsync("media_ids");
        foreach (var size in (int[])[-1, 101])
        {
            await media.ListCommentsAsync(new ListCommentsRequest { MediaId = post.Id, PageSize = size }).RefusesAsync("page_size");
            await media.ListByUserAsync(new ListByUserRequest { UserId = user, PageSize = size }).RefusesAsync("page_size");
        }

        await mesh.PostAsync(user);
        before = await RowsAsync(mesh);
        var token = (await media.ListByUserAsync(new ListByUserRequest { UserId = user, PageSize = 1 })).NextPageToken;
        foreach (var wrong in (string[])["x", "AAAA", token + "A", token[..^1] + (token[^1] == 'A' ? 'B' : 'A')])
        {
            await media.ListByUserAsync(new ListByUserRequest { UserId = user, PageToken = wrong }).RefusesAsync("page_token");
        }

        await media.ListByUserAsync(new ListByUserRequest { UserId = user + 1, PageToken = token }).RefusesAsync("page_token");
        await media.ListCommentsAsync(new ListCommentsRequest { MediaId = user, PageToken = token }).RefusesAsync("page_token");
        await mesh.Service.LikeAsync(new LikeRequest { MediaId = post.Id })
            .FailsAsync(StatusCode.PermissionDenied);
        Assert.Equal(before, await RowsAsync(mesh));
    }

    [Fact]
    public async Task ACaptionOfTheLongestLengthIsCountedInCharacters()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var caption = string.Concat(Enumerable.Repeat("🌍", 2200));
        Assert.Equal(caption, (await mesh.PostAsync(user, caption)).Caption);
    }

    private static Task<long> RowsAsync(MediaMesh mesh) => mesh.DatabaseOf("n1").QueryAsync<long>(
        """
        SELECT (SELECT count(*) FROM media) + (SELECT count(*) FROM likes) + (SELECT count(*) FROM comments) + (SELECT count(*) FROM requests)
             + (SELECT count(*) FROM media_counts)
        """);
}
