using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Robustness.Feeds.Model;
using InstaGrpc.Robustness.Feeds.Validation;

namespace InstaGrpc.Robustness.Feeds.Traffic;

/// <summary>One case over users of its own on a system that other cases run on too.</summary>
public sealed class CaseRun
{
    private const int ReadersAtATime = 4;

    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);
    private static readonly long _firstMillisecond = InstaId.MillisecondsAt(DateTimeOffset.UtcNow.AddHours(-1));
    private static int _cases;

    private readonly FeedSystem _system;
    private readonly FeedCase _case;
    private readonly long[] _users;
    private readonly ConcurrentDictionary<long, ConcurrentQueue<long>> _posts = new();
    private readonly List<Task> _walks = [];
    private readonly Meanwhile _meanwhile = new();
    private readonly CancellationToken _ct;
    private ExpectedFeeds _settled = ExpectedFeeds.None;

    private CaseRun(FeedSystem system, FeedCase drawn, CancellationToken cancellation)
    {
        (_system, _case, _ct) = (system, drawn, cancellation);
        var number = Interlocked.Increment(ref _cases);
        _users = [.. Enumerable.Range(0, drawn.Users + drawn.Crowd).Select(
            user => InstaId.Compose(_firstMillisecond + number, (user * 977 + number * 31) % InstaId.Shards, user))];
    }

    /// <summary>The tiers of the star's posts, in the posts' order.</summary>
    public short[] Tiers { get; private set; } = [];

    /// <summary>Walks that were judged.</summary>
    public int Walks { get; private set; }

    /// <exception cref="FeedDiffersException">A feed is not what the rows say.</exception>
    public static async Task<CaseRun> RunAsync(FeedSystem system, FeedCase drawn)
    {
        using var limit = new CancellationTokenSource(_limit);
        var run = new CaseRun(system, drawn, limit.Token);
        await run.RunAsync();
        return run;
    }

    private async Task RunAsync()
    {
        await MakeUsersAsync();
        await RunAsync(_case.Before);
        await CompareAsync();
        await Task.WhenAll(Task.Run(() => RunAsync(_case.One)), Task.Run(() => RunAsync(_case.Two)));
        await CompareAsync();
        Tiers = [.. await _system.QueryAsync(
            _system.Router.Current!.NodeOf(_users[0]),
            $"SELECT tier FROM fanout_jobs WHERE author_id = {_users[0]} AND kind = 1 ORDER BY subject_id",
            static reader => reader.GetInt16(0),
            _ct)];
    }

    private async Task RunAsync(IReadOnlyList<Operation> operations)
    {
        foreach (var operation in operations)
        {
            await RunAsync(operation);
        }
    }

    private Task RunAsync(Operation operation) => operation switch
    {
        Operation.Follow(var who, var whom) => RelateAsync(
            _users[who], _users[whom], (graph, user) => graph.FollowAsync(new FollowRequest { UserId = user }, cancellationToken: _ct)),
        Operation.Unfollow(var who, var whom) => RelateAsync(
            _users[who], _users[whom], (graph, user) => graph.UnfollowAsync(new UnfollowRequest { UserId = user }, cancellationToken: _ct)),
        Operation.Block(var who, var whom) => RelateAsync(
            _users[who], _users[whom], (graph, user) => graph.BlockAsync(new BlockRequest { UserId = user }, cancellationToken: _ct)),
        Operation.Unblock(var who, var whom) => RelateAsync(
            _users[who], _users[whom], (graph, user) => graph.UnblockAsync(new UnblockRequest { UserId = user }, cancellationToken: _ct)),
        Operation.Post(var who, var waits) => PostAsync(_users[who], waits),
        Operation.Delete(var who, var which) => DeleteAsync(_users[who], which),
        Operation.Like(var who, var author, var which, var likes) => LikeAsync(_users[who], _users[author], which, likes),
        Operation.Crowd(var size, var waits) => CrowdAsync(size, waits),
        Operation.Walk(var who, var size) => BeginWalkAsync(_users[who], size),
        Operation.Evict(var who) => _system.EvictAsync(_users[who], _ct),
        Operation.Flush => _system.FlushAsync(_ct),
        Operation.KillProjector => _system.KillProjectorAsync(_ct),
        Operation.KillMemcached(var which) => _system.KillMemcachedAsync(which, _ct),
        _ => throw new InvalidOperationException($"{operation} is nothing that this can do"),
    };

    private async Task MakeUsersAsync()
    {
        foreach (var (node, some) in OnNodes(_users))
        {
            var ids = string.Join(',', some);
            await _system.ExecuteAsync(
                node,
                $"INSERT INTO users (id, name) SELECT id, 'o' || id FROM unnest('{{{ids}}}'::bigint[]) AS u (id);"
                + $"INSERT INTO user_counts (user_id) SELECT unnest('{{{ids}}}'::bigint[])",
                _ct);
        }
    }

    private async Task RelateAsync<T>(long who, long whom, Func<GraphService.GraphServiceClient, long, AsyncUnaryCall<T>> call)
    {
        // Before it can be seen: a walk that sees it must know.
        _meanwhile.Related(who, whom);
        try
        {
            await CallAsync(() => call(new GraphService.GraphServiceClient(As(who)), whom));
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
        {
            // One of the two has blocked the other.
        }
    }

    private async Task PostAsync(long author, bool waits)
    {
        var request = new CreateMediaRequest { RequestId = Guid.NewGuid().ToString("N") };
        var media = new MediaService.MediaServiceClient(As(author));
        var post = await CallAsync(() => media.CreateMediaAsync(request, cancellationToken: _ct));
        _posts.GetOrAdd(author, static _ => new ConcurrentQueue<long>()).Enqueue(post.Media.Id);
        if (waits)
        {
            await _system.UntilAsync(
                _system.Router.Current!.NodeOf(author),
                $"""
                SELECT EXISTS (SELECT FROM fanout_jobs
                    WHERE author_id = {author} AND kind = 1 AND subject_id = {post.Media.Id} AND ended_at IS NOT NULL)
                """,
                _ct);
        }
    }

    private async Task DeleteAsync(long author, int which)
    {
        var posts = _posts.TryGetValue(author, out var some) ? some.ToArray() : [];
        if (posts.Length == 0)
        {
            return;
        }

        var post = posts[which % posts.Length];
        _meanwhile.Deleted(post);
        try
        {
            var request = new DeleteMediaRequest { MediaId = post };
            var media = new MediaService.MediaServiceClient(As(author));
            await CallAsync(() => media.DeleteMediaAsync(request, cancellationToken: _ct));
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // It was deleted before.
        }
    }

    private async Task LikeAsync(long user, long author, int which, bool likes)
    {
        var posts = _posts.TryGetValue(author, out var some) ? some.ToArray() : [];
        if (posts.Length == 0)
        {
            return;
        }

        var post = posts[which % posts.Length];
        var media = new MediaService.MediaServiceClient(As(user));
        try
        {
            _ = likes
                ? (object)await CallAsync(() => media.LikeAsync(new LikeRequest { MediaId = post }, cancellationToken: _ct))
                : await CallAsync(() => media.UnlikeAsync(new UnlikeRequest { MediaId = post }, cancellationToken: _ct));
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // It was deleted before.
        }
    }

    // As rows, as an import would: the same changes, with fewer calls.
    private async Task CrowdAsync(int size, bool waits)
    {
        var star = _users[0];
        var crowd = _users[_case.Users..];
        foreach (var fan in crowd)
        {
            _meanwhile.Related(fan, star);
        }

        foreach (var (node, some) in OnNodes(crowd))
        {
            await _system.ExecuteAsync(
                node,
                $"""
                INSERT INTO follows (follower_id, followee_id) SELECT unnest('{List(some.Intersect(crowd[..size]))}'::bigint[]), {star}
                ON CONFLICT DO NOTHING;
                DELETE FROM follows WHERE followee_id = {star} AND follower_id = ANY ('{List(some.Except(crowd[..size]))}'::bigint[])
                """,
                _ct);
        }

        if (waits)
        {
            await DerivedAsync(star, crowd, size);
        }
    }

    // Until the star's followers of the crowd are these, and the count is that of his followers.
    private async Task DerivedAsync(long star, long[] crowd, int size)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ct);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await _system.UntilAsync(
                _system.Router.Current!.NodeOf(star),
                $"SELECT count(*) FILTER (WHERE follower_id = ANY ('{List(crowd)}')) = {size} FROM followers WHERE followee_id = {star}",
                patience.Token);
        }
        catch (OperationCanceledException) when (!_ct.IsCancellationRequested)
        {
            // The crowd may have blocked the star meanwhile, which ends follows.
        }
    }

    private Task BeginWalkAsync(long reader, int pageSize)
    {
        if (!ReferenceEquals(_settled, ExpectedFeeds.None))
        {
            var walk = Task.Run(async () =>
            {
                var seen = await WalkAsync(reader, pageSize);
                WalkJudge.Judge(_settled, _meanwhile, reader, seen);
            });
            lock (_walks)
            {
                _walks.Add(walk);
            }
        }

        return Task.CompletedTask;
    }

    private async Task<List<SeenPost>> WalkAsync(long reader, int pageSize, HashSet<long>? liked = null)
    {
        var feed = new FeedService.FeedServiceClient(_system.Mesh.As("service:oracle"));
        List<SeenPost> seen = [];
        var token = "";
        do
        {
            var request = new HomeFeedRequest { UserId = reader, PageSize = pageSize, PageToken = token };
            var page = await CallAsync(() => feed.HomeFeedAsync(request, cancellationToken: _ct));
            if (page.Items.Count > pageSize || (page.NextPageToken.Length > 0 && page.Items.Count < pageSize))
            {
                throw new FeedDiffersException($"a page of {pageSize} posts has {page.Items.Count}");
            }

            seen.AddRange(page.Items.Select(static item => new SeenPost(item.Media.Id, item.Media.OwnerId)));
            liked?.UnionWith(page.Items.Where(static item => item.Liked).Select(static item => item.Media.Id));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return seen;
    }

    private async Task CompareAsync()
    {
        await Task.WhenAll(_walks);
        Walks += _walks.Count;
        _walks.Clear();
        await _system.SettleAsync(_users, _ct);
        var feeds = await FeedOracle.ReadAsync(_system, _users, _ct);
        var limit = new ParallelOptions { MaxDegreeOfParallelism = ReadersAtATime, CancellationToken = _ct };
        await Parallel.ForAsync(0, _users.Length, limit, async (i, _) =>
        {
            var (reader, expected) = (_users[i], feeds.Of(_users[i]));
            var liked = new HashSet<long>();
            var seen = await WalkAsync(reader, PageSizeOf(i), liked);
            if (!seen.SequenceEqual(expected))
            {
                throw new FeedDiffersException(await DescribeAsync(i, expected, seen));
            }

            var likes = expected.Where(post => feeds.Likers[post.Id].Contains(reader)).Select(static post => post.Id);
            if (!liked.SetEquals(likes))
            {
                throw new FeedDiffersException($"user {i} is shown that he likes {string.Join(' ', liked)}, and likes {string.Join(' ', likes)}");
            }
        });
        await CompareLikesAsync(feeds);
        _settled = feeds;
        _meanwhile.Clear();
    }

    // The rows are derived. What is answered of them may be stale for as long as the contract says, and no longer.
    private async Task CompareLikesAsync(ExpectedFeeds feeds)
    {
        if (feeds.Likers.Count == 0)
        {
            return;
        }

        var media = new MediaService.MediaServiceClient(_system.Mesh.As("service:oracle"));
        var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * 10);
        while (true)
        {
            var request = new BatchGetMediaCountsRequest { MediaIds = { feeds.Likers.Keys.Take(100) } };
            var counts = (await CallAsync(() => media.BatchGetMediaCountsAsync(request, cancellationToken: _ct))).Counts
                .ToDictionary(static counts => counts.MediaId, static counts => counts.Likes);
            var wrong = request.MediaIds.Where(post => counts.GetValueOrDefault(post, -1) != feeds.Likers[post].Count).ToList();
            if (wrong.Count == 0)
            {
                return;
            }

            if (Stopwatch.GetTimestamp() > until)
            {
                throw new FeedDiffersException("likes: " + string.Join("; ", wrong.Select(
                    post => $"{post} has {counts.GetValueOrDefault(post, -1)} instead of {feeds.Likers[post].Count}")));
            }

            await Task.Delay(_pause, _ct);
        }
    }

    private async Task<string> DescribeAsync(int user, IReadOnlyList<SeenPost> expected, List<SeenPost> seen)
    {
        var timeline = await _system.DescribeTimelineAsync(_users[user]);
        var again = await WalkAsync(_users[user], PageSizeOf(user));
        return $"""
            user {user} ({_users[user]}) sees after quiescence, in pages of {PageSizeOf(user)}
            {string.Join(' ', seen)}
            and not
            {string.Join(' ', expected)}
            missing: {string.Join(' ', expected.Except(seen))}; too much: {string.Join(' ', seen.Except(expected))}
            asked again: {(again.SequenceEqual(expected) ? "right" : "missing " + string.Join(' ', expected.Except(again)))}
            timeline: {timeline}
            users: {string.Join(' ', _users.Select(static (id, i) => $"{i}={id}"))}
            """;
    }

    // One page for most; in each case others go through their feeds post by post, or by threes.
    private int PageSizeOf(int user) => user >= _case.Users ? 30 : (((ulong)user + _case.Seed) % 4) switch { 0 => 1, 1 => 3, _ => 30 };

    private Task<T> CallAsync<T>(Func<AsyncUnaryCall<T>> call) => PatientCalls.UntilAnsweredAsync(call, _ct);

    private CallInvoker As(long user) => _system.Mesh.As(string.Create(CultureInfo.InvariantCulture, $"user:{user}"));

    private IEnumerable<(NodeName Node, long[] Users)> OnNodes(IEnumerable<long> users) =>
        users.GroupBy(_system.Router.Current!.NodeOf).Select(static some => (some.Key, some.ToArray()));

    private static string List(IEnumerable<long> ids) => $"{{{string.Join(',', ids)}}}";
}
