using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Robustness.Feeds.Validation;

namespace InstaGrpc.Robustness.Feeds.Traffic;

/// <summary>Likes, comments, follows and mentions through the services, by chance, and who must be told of them.</summary>
public sealed class ToldTraffic(FeedSystem system, CancellationToken cancellation)
{
    private static int _names;

    private readonly ConcurrentDictionary<(long User, Told What), bool> _expected = new();
    private readonly List<(long Owner, long Post)> _posts = [];
    private string[] _userNames = [];

    public long[] Users { get; private set; } = [];

    /// <summary>What a user must have been told by now.</summary>
    public HashSet<Told> ExpectedOf(long user) => [.. _expected.Keys.Where(told => told.User == user).Select(static told => told.What)];

    public int Expected => _expected.Count;

    /// <summary>Users, each with two posts.</summary>
    public async Task BeginAsync(int users)
    {
        var run = Interlocked.Increment(ref _names);
        _userNames = [.. Enumerable.Range(0, users).Select(user => string.Create(CultureInfo.InvariantCulture, $"t{Environment.ProcessId}.{run}.{user}"))];
        var graph = new GraphService.GraphServiceClient(system.Mesh.As("admin"));
        Users = await Task.WhenAll(_userNames.Select(async name => (await CallAsync(
            () => graph.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = name }, cancellationToken: cancellation))).User.Id));
        foreach (var user in Users)
        {
            await PostAsync(user, -1);
            await PostAsync(user, -1);
        }
    }

    /// <summary>So many writes, several at a time. What a number draws is always the same.</summary>
    public Task WriteAsync(int seed, int writes) => Task.WhenAll(Enumerable.Range(0, 4).Select(async lane =>
    {
        var random = new Random((seed * 4) + lane);
        for (var write = lane; write < writes; write += 4)
        {
            await WriteAsync(random);
        }
    }));

    private async Task WriteAsync(Random random)
    {
        var actor = Users[random.Next(Users.Length)];
        (long Owner, long Post) at;
        lock (_posts)
        {
            at = _posts[random.Next(_posts.Count)];
        }

        switch (random.Next(6))
        {
            case 0 or 1:
                await LikeAsync(actor, at.Owner, at.Post);
                break;
            case 2 or 3:
                await CommentAsync(actor, at.Owner, at.Post, random.Next(3) == 0 ? random.Next(Users.Length) : -1);
                break;
            case 4:
                await FollowAsync(actor, Users[random.Next(Users.Length)]);
                break;
            default:
                await PostAsync(actor, random.Next(Users.Length));
                break;
        }
    }

    // Now and then taken back and done again: nobody is told anew.
    private async Task LikeAsync(long actor, long owner, long post)
    {
        var media = new MediaService.MediaServiceClient(As(actor));
        await CallAsync(() => media.LikeAsync(new LikeRequest { MediaId = post }, cancellationToken: cancellation));
        Expect(owner, new Told(NotificationKind.Like, actor, post, 0));
        if (post % 3 == 0)
        {
            await CallAsync(() => media.UnlikeAsync(new UnlikeRequest { MediaId = post }, cancellationToken: cancellation));
            await CallAsync(() => media.LikeAsync(new LikeRequest { MediaId = post }, cancellationToken: cancellation));
        }
    }

    private async Task CommentAsync(long actor, long owner, long post, int mentioned)
    {
        var request = new AddCommentRequest
        {
            MediaId = post, Text = mentioned < 0 ? "fine" : $"look, @{_userNames[mentioned]}", RequestId = Guid.NewGuid().ToString("N"),
        };
        var media = new MediaService.MediaServiceClient(As(actor));
        var comment = (await CallAsync(() => media.AddCommentAsync(request, cancellationToken: cancellation))).Comment.Id;
        Expect(owner, new Told(NotificationKind.Comment, actor, post, comment));
        if (mentioned >= 0)
        {
            Expect(Users[mentioned], new Told(NotificationKind.Mention, actor, post, comment));
        }
    }

    private async Task FollowAsync(long actor, long followee)
    {
        if (actor != followee)
        {
            var graph = new GraphService.GraphServiceClient(As(actor));
            await CallAsync(() => graph.FollowAsync(new FollowRequest { UserId = followee }, cancellationToken: cancellation));
            Expect(followee, new Told(NotificationKind.Follow, actor, 0, 0));
        }
    }

    private async Task PostAsync(long actor, int mentioned)
    {
        var request = new CreateMediaRequest
        {
            Caption = mentioned < 0 ? "a post" : $"with @{_userNames[mentioned]}", RequestId = Guid.NewGuid().ToString("N"),
        };
        var media = new MediaService.MediaServiceClient(As(actor));
        var post = (await CallAsync(() => media.CreateMediaAsync(request, cancellationToken: cancellation))).Media.Id;
        if (mentioned >= 0)
        {
            Expect(Users[mentioned], new Told(NotificationKind.Mention, actor, post, 0));
        }

        lock (_posts)
        {
            _posts.Add((actor, post));
        }
    }

    private void Expect(long user, Told what)
    {
        if (user != what.Actor)
        {
            _expected[(user, what)] = true;
        }
    }

    private Task<T> CallAsync<T>(Func<AsyncUnaryCall<T>> call) => PatientCalls.UntilAnsweredAsync(call, cancellation);

    private CallInvoker As(long user) => system.Mesh.As(string.Create(CultureInfo.InvariantCulture, $"user:{user}"));
}
