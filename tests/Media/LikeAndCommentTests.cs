using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Media.Tests;

public class LikeAndCommentTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task LikingTwiceIsLikingOnceAndOnlyForTheCaller()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (owner, fan) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var (liked, other) = (await mesh.PostAsync(owner), await mesh.PostAsync(fan));
        foreach (var _ in (int[])[1, 2])
        {
            using var like = mesh.As(fan).LikeAsync(new LikeRequest { MediaId = liked.Id });
            await like;
            Assert.StartsWith("n1=", like.GetTrailers().GetValue(ReadToken.MetadataKey), StringComparison.Ordinal);
        }

        Assert.Equal(1, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM likes"));
        Assert.True((await mesh.As(fan).HasLikedAsync(new HasLikedRequest { MediaId = liked.Id })).Like.Liked);
        Assert.False((await mesh.As(owner).HasLikedAsync(new HasLikedRequest { MediaId = liked.Id })).Like.Liked);
        var batch = await mesh.As(fan).BatchHasLikedAsync(new BatchHasLikedRequest { MediaIds = { other.Id, liked.Id } });
        Assert.Equal([(other.Id, false), (liked.Id, true)], batch.Likes.Select(static like => (like.MediaId, like.Liked)));

        await mesh.As(fan).UnlikeAsync(new UnlikeRequest { MediaId = liked.Id });
        await mesh.As(fan).UnlikeAsync(new UnlikeRequest { MediaId = liked.Id });
        Assert.False((await mesh.As(fan).HasLikedAsync(new HasLikedRequest { MediaId = liked.Id })).Like.Liked);
        await mesh.As(fan).LikeAsync(new LikeRequest { MediaId = 17 }).FailsAsync(StatusCode.NotFound);
        await mesh.As(fan).UnlikeAsync(new UnlikeRequest { MediaId = 17 }).FailsAsync(StatusCode.NotFound);
    }

    [Fact]
    public async Task CommentsAreListedNewestFirstPageByPageAndARepeatedRequestMakesNoDouble()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (owner, fan) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var post = await mesh.PostAsync(owner);
        List<Comment> made = [];
        for (var i = 0; i < 7; i++)
        {
            var request = new AddCommentRequest { MediaId = post.Id, Text = $"comment {i}", RequestId = $"r{i}" };
            made.Insert(0, (await mesh.As(fan).AddCommentAsync(request)).Comment);
            Assert.Equal(made[0], (await mesh.As(fan).AddCommentAsync(request)).Comment);
        }

        Assert.All(made, comment => Assert.Equal(
            (fan, post.Id, new InstaId(post.Id).Shard), (comment.AuthorId, comment.MediaId, new InstaId(comment.Id).Shard)));
        var first = await mesh.Service.ListCommentsAsync(new ListCommentsRequest { MediaId = post.Id, PageSize = 4 });
        var second = await mesh.Service.ListCommentsAsync(
            new ListCommentsRequest { MediaId = post.Id, PageSize = 4, PageToken = first.NextPageToken });
        Assert.Equal(made, [.. first.Comments, .. second.Comments]);
        Assert.Empty(second.NextPageToken);
        Assert.Empty((await mesh.Service.ListCommentsAsync(new ListCommentsRequest { MediaId = post.Id, PageSize = 7 })).NextPageToken);
    }

    [Fact]
    public async Task ACommentIsDeletedByItsAuthorOrThePostsOwnerAndByNobodyElse()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (owner, fan, other) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2), await mesh.UserAsync("n2", 3));
        var post = await mesh.PostAsync(owner);
        foreach (var deleter in (long[])[owner, fan])
        {
            var comment = (await mesh.As(fan).AddCommentAsync(
                new AddCommentRequest { MediaId = post.Id, Text = "x", RequestId = mesh.NewRequest() })).Comment;
            var delete = new DeleteCommentRequest { MediaId = post.Id, CommentId = comment.Id };
            await mesh.As(other).DeleteCommentAsync(delete).FailsAsync(StatusCode.PermissionDenied);
            await mesh.As(deleter).DeleteCommentAsync(delete);
            await mesh.As(deleter).DeleteCommentAsync(delete);
            Assert.Empty((await mesh.Service.ListCommentsAsync(new ListCommentsRequest { MediaId = post.Id })).Comments);
        }

        await mesh.As(fan).DeleteCommentAsync(new DeleteCommentRequest { MediaId = 17, CommentId = 1 }).FailsAsync(StatusCode.NotFound);
    }

    [Fact]
    public async Task CommentsGoWithTheirPostAtOnceNotWithTheSweep()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var owner = await mesh.UserAsync("n1", 1);
        var post = await mesh.PostAsync(owner);
        var list = new ListCommentsRequest { MediaId = post.Id };
        Assert.Empty((await mesh.Service.ListCommentsAsync(list)).Comments);
        await mesh.As(owner).AddCommentAsync(new AddCommentRequest { MediaId = post.Id, Text = "x", RequestId = mesh.NewRequest() });
        Assert.Single((await mesh.Service.ListCommentsAsync(list)).Comments);

        await mesh.As(owner).DeleteMediaAsync(new DeleteMediaRequest { MediaId = post.Id });

        await mesh.Service.ListCommentsAsync(list).FailsAsync(StatusCode.NotFound);
        Assert.Equal(1, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM comments"));
    }

    [Theory]
    [InlineData("INSERT INTO blocks (blocker_id, blocked_id) VALUES ({0}, {1})")]
    [InlineData("INSERT INTO blocked_by (blocked_id, blocker_id) VALUES ({0}, {1})")]
    public async Task WhoIsHiddenFromAPostsOwnerNeitherLikesNorCommentsThere(string block)
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (owner, hidden, fan) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2), await mesh.UserAsync("n2", 3));
        var post = await mesh.PostAsync(owner);
        var comment = new AddCommentRequest { MediaId = post.Id, Text = "x", RequestId = "r" };
        var before = await mesh.As(hidden).AddCommentAsync(comment);
        await mesh.As(hidden).LikeAsync(new LikeRequest { MediaId = post.Id });

        await mesh.DatabaseOf("n1").ExecuteAsync(string.Format(CultureInfo.InvariantCulture, block, owner, hidden));

        await mesh.As(hidden).LikeAsync(new LikeRequest { MediaId = post.Id }).FailsAsync(StatusCode.FailedPrecondition);
        await mesh.As(hidden).AddCommentAsync(new AddCommentRequest { MediaId = post.Id, Text = "y", RequestId = "s" })
            .FailsAsync(StatusCode.FailedPrecondition);
        Assert.Equal(before, await mesh.As(hidden).AddCommentAsync(comment)); // A repeated request has its first answer.
        await mesh.As(fan).LikeAsync(new LikeRequest { MediaId = post.Id });
        await mesh.As(fan).AddCommentAsync(comment);
        await mesh.As(owner).AddCommentAsync(comment);
        await mesh.As(hidden).AddCommentAsync(new AddCommentRequest { MediaId = 17, Text = "y", RequestId = "t" }).FailsAsync(StatusCode.NotFound);

        // He takes back what is his.
        await mesh.As(hidden).UnlikeAsync(new UnlikeRequest { MediaId = post.Id });
        await mesh.As(hidden).DeleteCommentAsync(new DeleteCommentRequest { MediaId = post.Id, CommentId = before.Comment.Id });
        Assert.Equal(1, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM likes"));
        Assert.Equal(2, await mesh.DatabaseOf("n1").QueryAsync<long>("SELECT count(*) FROM comments"));
    }
}
