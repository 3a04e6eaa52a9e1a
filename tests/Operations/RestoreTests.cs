using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;
using Npgsql;

namespace InstaGrpc.Operations.Tests;

/// <summary>PostgreSQL goes back in time, while the mesh, memcached and Kafka live on and remember what is lost: nothing stays stale, nothing is
/// stuck.</summary>
public sealed class RestoreTests
{
    private const string Timeline = "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)";

    [Fact]
    public async Task ARecoveryToAPointInTimeTakesTheCacheAndTheCountsBackWithIt()
    {
        await using var servers = await OwnServers.StartAsync();
        await using var mesh = await ServingMesh.StartAsync(servers);
        await mesh.StreamsAsync();
        var life = await Life.BeginAsync(servers, mesh);
        await servers.BackUpAsync("base");
        // Between the backup and the point: it comes back out of the WAL.
        await life.WriteAsync("kept");
        await servers.ExecuteAsync("SELECT pg_create_restore_point('here')");
        await life.WriteAsync("lost");
        await life.DeleteAndReadFeedAsync();
        await life.AgreesAsync("lost");

        await servers.Postgres.StopAsync();
        servers.KeepData("last");
        servers.PutBackData("base");
        await servers.RecoverAsync("last", "here");

        Assert.Equal("00000002", await servers.QueryAsync(Timeline));
        await life.GoesOnAsync("kept");
    }

    [Fact]
    public async Task AnOldCopyOfTheDataOnTheSameTimelineTakesTheCacheAndTheCountsBackWithIt()
    {
        await using var servers = await OwnServers.StartAsync();
        await using var mesh = await ServingMesh.StartAsync(servers);
        await mesh.StreamsAsync();
        var life = await Life.BeginAsync(servers, mesh);
        await life.WriteAsync("kept");
        await servers.Postgres.StopAsync();
        servers.KeepData("old");
        await servers.StartPostgresAsync();
        await mesh.StreamsAsync();
        await life.WriteAsync("lost");
        await life.DeleteAndReadFeedAsync();
        await life.AgreesAsync("lost");
        var before = await servers.QueryAsync("SELECT pg_current_wal_lsn()::text");

        await servers.Postgres.StopAsync();
        servers.PutBackData("old");
        await servers.StartPostgresAsync();

        Assert.Equal("True", await servers.QueryAsync($"SELECT pg_current_wal_lsn() < '{before}'"));
        Assert.Equal("00000001", await servers.QueryAsync(Timeline));
        await life.GoesOnAsync("kept");
    }

    /// <summary>Some people and posts, what is written about them, and whether the mesh tells what PostgreSQL holds.</summary>
    private sealed class Life(OwnServers servers, ServingMesh mesh)
    {
        private readonly List<long> _users = [];
        private readonly List<long> _posts = [];
        private string? _token;

        public static async Task<Life> BeginAsync(OwnServers servers, ServingMesh mesh)
        {
            var life = new Life(servers, mesh);
            for (var i = 0; i < 3; i++) life._users.Add(await mesh.NewUserAsync());
            for (var i = 0; i < 3; i++) life._posts.Add(await mesh.NewMediaAsync(life._users[0]));
            await mesh.Graph.FollowAsync(new FollowRequest { UserId = life._users[0] }, ServingMesh.AsUser(life.Reader));
            return life;
        }

        /// <summary>A post goes, and the timeline of its author's follower is made without it: the follower has begun to follow somebody else.</summary>
        public async Task DeleteAndReadFeedAsync()
        {
            await mesh.Media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = _posts[1] }, ServingMesh.AsUser(_users[0]));
            var followee = await mesh.NewUserAsync();
            await mesh.Graph.FollowAsync(new FollowRequest { UserId = followee }, ServingMesh.AsUser(Reader));
            await Patience.UntilAsync(
                async () => await servers.QueryAsync(
                    $"""
                    SELECT EXISTS (SELECT FROM followers WHERE followee_id = {followee} AND follower_id = {Reader})
                        AND NOT EXISTS (SELECT FROM fanout_jobs WHERE kind = 3 AND ended_at IS NULL)
                    """, servers.Node) == "True",
                "the timeline is dropped");
            await FeedAsync();
        }

        /// <summary>A post, likes, comments, an edge, and an update past every service.</summary>
        public async Task WriteAsync(string text)
        {
            var post = await mesh.NewMediaAsync(_users[0]);
            _posts.Add(post);
            using var like = mesh.Media.LikeAsync(new LikeRequest { MediaId = _posts[_posts.Count - 3] }, ServingMesh.AsUser(_users[1]));
            await like;
            _token = like.GetTrailers().GetValue("insta-lsn");
            await mesh.Media.LikeAsync(new LikeRequest { MediaId = post }, ServingMesh.AsUser(_users[2]));
            await mesh.Media.AddCommentAsync(
                new AddCommentRequest { MediaId = _posts[0], Text = text, RequestId = text }, ServingMesh.AsUser(_users[1]));
            var followee = await mesh.NewUserAsync();
            await mesh.Graph.FollowAsync(new FollowRequest { UserId = followee }, ServingMesh.AsUser(_users[2]));
            await servers.ExecuteAsync($"UPDATE media SET caption = '{text}' WHERE id = {_posts[0]}", servers.Node);
        }

        /// <summary>Every cached answer is, sooner or later, what PostgreSQL says.</summary>
        public async Task AgreesAsync(string caption)
        {
            var differs = "";
            try
            {
                await Patience.UntilAsync(async () => (differs = await DifferenceAsync(caption)).Length == 0, "cache and PostgreSQL agree");
            }
            catch (Exception) when (differs.Length > 0)
            {
                Assert.Fail(differs);
            }
        }

        /// <summary>The mesh has followed PostgreSQL back, and whatever is written from here on gets through.</summary>
        public async Task GoesOnAsync(string caption)
        {
            var lost = _token!;
            await AgreesAsync(caption);
            // A phone with a token of the life that is lost is answered, and by what is there.
            var answer = await mesh.Media.GetMediaAsync(
                new GetMediaRequest { MediaId = _posts[0] },
                ServingMesh.AsUser(_users[1]).WithHeaders(new Metadata { { "insta-caller", $"user:{_users[1]}" }, { "insta-lsn", lost } }));
            Assert.Equal(caption, answer.Media.Caption);
            var known = _posts.Count;
            await Patience.UntilAsync(async () => await TriedAsync(() => WriteAsync("after")), "writes get through");
            Assert.True(_posts.Count > known);
            await AgreesAsync("after");
            // The stream is as quick as ever: the same update again, seen without anybody's token.
            await servers.ExecuteAsync($"UPDATE media SET caption = 'again' WHERE id = {_posts[0]}", servers.Node);
            await AgreesAsync("again");
        }

        private async Task<string> DifferenceAsync(string caption)
        {
            try
            {
                if ((await ReadAsync(_posts[0]))?.Caption is var cached && cached != caption) return $"the caption is '{cached}'";
                foreach (var post in _posts)
                {
                    var row = await servers.QueryAsync($"SELECT caption FROM media WHERE id = {post} AND NOT deleted", servers.Node);
                    if ((await ReadAsync(post))?.Caption != row) return $"post {post} is '{row}'";
                    var likes = await servers.QueryAsync($"SELECT count(*) FROM likes WHERE media_id = {post}", servers.Node);
                    var comments = await servers.QueryAsync($"SELECT count(*) FROM comments WHERE media_id = {post}", servers.Node);
                    if (row is not null && await CountsAsync(post) is var counts && counts != $"{likes} {comments}")
                    {
                        return $"counts of {post} are {counts}, and {likes} {comments} in PostgreSQL";
                    }

                    foreach (var user in _users)
                    {
                        var liked = await servers.QueryAsync($"SELECT 1 FROM likes WHERE media_id = {post} AND user_id = {user}", servers.Node) is not null;
                        var told = await mesh.Media.HasLikedAsync(new HasLikedRequest { MediaId = post }, ServingMesh.AsUser(user));
                        if (row is not null && told.Like.Liked != liked)
                        {
                            return $"whether {user} likes {post}";
                        }
                    }
                }

                var texts = await servers.QueryAsync(
                    $"SELECT string_agg(text, ',' ORDER BY id DESC) FROM comments WHERE media_id = {_posts[0]}", servers.Node) ?? "";
                var listed = string.Join(',', (await mesh.Media.ListCommentsAsync(
                    new ListCommentsRequest { MediaId = _posts[0] }, ServingMesh.AsUser(_users[1]))).Comments.Select(static comment => comment.Text));
                if (listed != texts) return $"comments are '{listed}', and '{texts}' in PostgreSQL";
                var follows = await servers.QueryAsync($"SELECT count(*) FROM follows WHERE follower_id = {_users[2]}", servers.Node);
                var following = (await mesh.Graph.ListFollowingAsync(
                    new ListFollowingRequest { UserId = _users[2] }, ServingMesh.AsUser(_users[2]))).UserIds.Count;
                if ($"{following}" != follows) return $"{following} are followed, and {follows} in PostgreSQL";
                var posted = await servers.QueryAsync(
                    $"""
                    SELECT string_agg(id::text, ',' ORDER BY id DESC) FROM media
                    WHERE NOT deleted AND owner_id IN (SELECT followee_id FROM follows WHERE follower_id = {Reader})
                    """, servers.Node);
                return await FeedAsync() is var feed && feed == posted ? "" : $"the home feed is {feed}, and {posted} in PostgreSQL";
            }
            catch (Exception e) when (e is RpcException or NpgsqlException)
            {
                return e.Message;
            }
        }

        private long Reader => _users[1];

        private async Task<string> FeedAsync() => string.Join(',', (await mesh.Feed.HomeFeedAsync(
            new HomeFeedRequest { UserId = Reader, PageSize = 100 }, ServingMesh.AsUser(Reader))).Items.Select(static item => item.Media.Id));

        private async Task<Media?> ReadAsync(long post)
        {
            try
            {
                return (await mesh.Media.GetMediaAsync(new GetMediaRequest { MediaId = post }, ServingMesh.AsUser(_users[1]))).Media;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
            {
                return null;
            }
        }

        private async Task<string> CountsAsync(long post)
        {
            var counts = (await mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = post }, ServingMesh.AsUser(_users[1]))).Counts;
            return $"{counts.Likes} {counts.Comments}";
        }

        private static async Task<bool> TriedAsync(Func<Task> write)
        {
            try
            {
                await write();
                return true;
            }
            catch (RpcException)
            {
                return false;
            }
        }
    }
}
