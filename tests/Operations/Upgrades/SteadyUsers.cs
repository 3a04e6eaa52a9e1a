using System.Collections.Concurrent;
using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Operations.Tests;

/// <summary>People who use a mesh all the time, whichever processes it has at the moment, and note every call that fails or tells them wrong.</summary>
internal sealed class SteadyUsers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<ServingMesh, int> _running = new();
    private readonly ConcurrentDictionary<ServingMesh, int> _answered = new();
    private volatile ServingMesh[] _targets;
    private Task[] _users = [];

    private SteadyUsers(ServingMesh first) => _targets = [first];

    public ConcurrentQueue<string> Failures { get; } = new();

    public IReadOnlyList<long> Posts { get; private set; } = [];

    public static async Task<SteadyUsers> BeginAsync(ServingMesh first, int count)
    {
        var users = new SteadyUsers(first);
        var author = await first.NewUserAsync();
        long[] posts = [await first.NewMediaAsync(author), await first.NewMediaAsync(author)];
        users.Posts = posts;
        var ids = new List<long>();
        for (var i = 0; i < count; i++) ids.Add(await first.NewUserAsync());
        users._users = [.. ids.Select((id, number) => Task.Run(() => users.UseAsync(id, number)))];
        return users;
    }

    /// <summary>From now on calls go to these; returns when none is under way to another one.</summary>
    public async Task TurnToAsync(params ServingMesh[] targets)
    {
        _targets = targets;
        await Patience.UntilAsync(() => _running.All(one => targets.Contains(one.Key) || one.Value == 0), "the calls to the others have ended");
    }

    /// <summary>Returns when each of the present ones has answered as many more.</summary>
    public async Task CallAsync(int each)
    {
        var goals = _targets.ToDictionary(static one => one, one => _answered.GetValueOrDefault(one) + each);
        await Patience.UntilAsync(() => goals.All(goal => _answered.GetValueOrDefault(goal.Key) >= goal.Value), $"each has answered {each} more");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_users);
    }

    private async Task UseAsync(long user, int number)
    {
        for (var round = 0; !_stop.IsCancellationRequested; round++)
        {
            var post = Posts[round % Posts.Count];
            string? token = null;
            var liked = round / Posts.Count % 2 == 0;
            await TryAsync("like", async mesh =>
            {
                using var call = liked
                    ? Untyped(mesh.Media.LikeAsync(new LikeRequest { MediaId = post }, ServingMesh.AsUser(user)))
                    : Untyped(mesh.Media.UnlikeAsync(new UnlikeRequest { MediaId = post }, ServingMesh.AsUser(user)));
                await call.Response;
                token = call.Trailers().GetValue("insta-lsn");
            });
            // From whichever version: one's write is the other's to tell.
            await TryAsync("read one's own like", async mesh =>
            {
                var headers = new Metadata { { "insta-caller", $"user:{user}" }, { "insta-lsn", token ?? "" } };
                var told = (await mesh.Media.HasLikedAsync(new HasLikedRequest { MediaId = post }, ServingMesh.AsUser(user).WithHeaders(headers))).Like.Liked;
                if (told != liked) throw new InvalidOperationException($"{user} has {(liked ? "" : "not ")}liked {post}, and is told otherwise");
            });
            await TryAsync("counts", mesh => mesh.Media.GetMediaCountsAsync(new GetMediaCountsRequest { MediaId = post }, ServingMesh.AsUser(user)).ResponseAsync);
            switch ((round + number) % 5)
            {
                case 0:
                    await TryAsync("post", mesh => mesh.NewMediaAsync(user));
                    break;
                case 1:
                    await TryAsync("comment", mesh => mesh.Media.AddCommentAsync(
                        new AddCommentRequest { MediaId = post, Text = "well", RequestId = Guid.NewGuid().ToString("N") },
                        ServingMesh.AsUser(user)).ResponseAsync);
                    break;
                case 2:
                    await TryAsync("home feed", mesh => mesh.Feed.HomeFeedAsync(new HomeFeedRequest { UserId = user }, ServingMesh.AsUser(user)).ResponseAsync);
                    break;
            }
        }
    }

    private async Task TryAsync(string what, Func<ServingMesh, Task> call)
    {
        var mesh = Enter();
        try
        {
            await call(mesh);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            Failures.Enqueue($"{what}: {e.Message}");
        }

        _answered.AddOrUpdate(mesh, 1, static (_, count) => count + 1);
        _running.AddOrUpdate(mesh, 0, static (_, count) => count - 1);
    }

    /// <summary>Noted before it is looked again: whoever turns away from a process either sees the call or is seen by it.</summary>
    private ServingMesh Enter()
    {
        while (true)
        {
            var targets = _targets;
            var mesh = targets[Random.Shared.Next(targets.Length)];
            _running.AddOrUpdate(mesh, 1, static (_, count) => count + 1);
            if (_targets.Contains(mesh)) return mesh;
            _running.AddOrUpdate(mesh, 0, static (_, count) => count - 1);
        }
    }

    private static Call Untyped<T>(AsyncUnaryCall<T> call) => new(call.ResponseAsync, call.GetTrailers, call);

    private sealed record Call(Task Response, Func<Metadata> Trailers, IDisposable Inner) : IDisposable
    {
        public void Dispose() => Inner.Dispose();
    }
}
