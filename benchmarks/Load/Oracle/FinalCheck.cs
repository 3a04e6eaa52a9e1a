using System.Diagnostics;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Load.Workers;

namespace InstaGrpc.Load.Oracle;

/// <summary>The end: what was acknowledged is there, once, and every count is exact. Whatever is on its way may still come for a while.</summary>
/// <param name="mesh">The mesh.</param>
/// <param name="people">Who took part.</param>
/// <param name="results">What was written.</param>
/// <param name="violations">Where it tells.</param>
/// <param name="limit">How long things may still come.</param>
internal sealed class FinalCheck(
    MeshClient mesh, IReadOnlyList<Person> people, IReadOnlyList<WorkerResult> results, Violations violations, TimeSpan limit)
{
    private const int PageSize = 100;
    private const int MostFeeds = 100;

    /// <summary>So many that nobody answered for: the rest is not asked for any more.</summary>
    private const int MostUnanswered = 20;

    private readonly Dictionary<long, HashSet<long>> _posts = Union(results.Select(static one => one.Posts));
    private readonly Dictionary<long, HashSet<long>> _likes = Union(results.Select(static one => one.Likes));
    private readonly Dictionary<long, HashSet<long>> _comments = Union(results.Select(static one => one.Comments));
    private readonly long _begun = Stopwatch.GetTimestamp();
    private int _compared;
    private int _unanswered;
    private int _notAsked;

    /// <returns>How many things were compared.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        var byId = people.ToDictionary(static person => person.Id);
        var authors = _posts.Keys.Select(id => byId[id]).ToList();
        await AllAsync(authors, static author => $"posts of user {author.Id}", PostsAsync, ct).ConfigureAwait(false);
        await AllAsync(_likes.Keys, static media => $"likes of {media}", LikesAsync, ct).ConfigureAwait(false);
        await AllAsync(_comments.Keys, static media => $"comments of {media}", CommentsAsync, ct).ConfigureAwait(false);
        await AllAsync(
            people.Take(authors.Count == 0 ? 0 : MostFeeds), static reader => $"home feed of user {reader.Id}", FeedAsync, ct).ConfigureAwait(false);
        if (_notAsked > 0) violations.Add("not compared", $"{_notAsked} more, because the mesh does not answer");
        return _compared;
    }

    /// <summary>Each of them; what the mesh does not answer is a fault, and so often that it must be away ends the comparison.</summary>
    private Task AllAsync<T>(IEnumerable<T> items, Func<T, string> nameOf, Func<T, CancellationToken, Task> compare, CancellationToken ct) =>
        People.EachAsync(items, async (item, token) =>
        {
            if (Volatile.Read(ref _unanswered) >= MostUnanswered)
            {
                Interlocked.Increment(ref _notAsked);
                return;
            }

            try
            {
                await compare(item, token).ConfigureAwait(false);
                Interlocked.Increment(ref _compared);
            }
            catch (Exception e) when (e is InvalidOperationException or Grpc.Core.RpcException)
            {
                Interlocked.Increment(ref _unanswered);
                violations.Add("not compared", $"{nameOf(item)}: {e.Message}");
            }
        }, ct);

    /// <summary>Repeated while there is time for it.</summary>
    private Task<T> AnswerAsync<T>(Func<Grpc.Core.AsyncUnaryCall<T>> call, CancellationToken ct)
    {
        var left = limit - Stopwatch.GetElapsedTime(_begun);
        return mesh.Patient.CallAsync(call, left > TimeSpan.Zero ? left : TimeSpan.Zero, ct);
    }

    private static Dictionary<long, HashSet<long>> Union(IEnumerable<Dictionary<long, long[]>> books) =>
        books.SelectMany(static book => book).GroupBy(static page => page.Key)
            .ToDictionary(static pages => pages.Key, static pages => pages.SelectMany(static page => page.Value).ToHashSet());

    private async Task PostsAsync(Person author, CancellationToken ct)
    {
        var wanted = _posts[author.Id];
        await ComesAsync("lost", $"posts of user {author.Id}", wanted, since => PagesAsync(since, async token =>
        {
            var request = new ListByUserRequest { UserId = author.Id, PageToken = token, PageSize = PageSize };
            var answer = await AnswerAsync(() => mesh.Media.ListByUserAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
            return ([.. answer.Media.Select(static media => media.Id)], answer.NextPageToken);
        }), ct).ConfigureAwait(false);
        if (author.PostsBefore < 0) return;
        await ExactAsync(
            $"post count of user {author.Id}", author.PostsBefore + wanted.Count, () => CountedAsync(author, ct), ct).ConfigureAwait(false);
    }

    private async Task<long> CountedAsync(Person author, CancellationToken ct) =>
        (await AnswerAsync(() => People.CountAsync(mesh, author, ct), ct).ConfigureAwait(false)).Counts.Media;

    private async Task LikesAsync(long media, CancellationToken ct)
    {
        // The same user's like, told twice, is one.
        var likers = _likes[media];
        await ExactAsync($"likes of {media}", likers.Count, async () => (await CountsAsync(media, ct).ConfigureAwait(false)).Likes, ct).ConfigureAwait(false);
        foreach (var liker in likers)
        {
            var request = new HasLikedRequest { MediaId = media };
            var liked = await AnswerAsync(() => mesh.Media.HasLikedAsync(request, MeshClient.AsUser(liker, null, ct)), ct).ConfigureAwait(false);
            if (!liked.Like.Liked) violations.Add("lost", $"the like of {media} by user {liker} was acknowledged and is not there");
        }
    }

    private async Task CommentsAsync(long media, CancellationToken ct)
    {
        var wanted = _comments[media];
        await ComesAsync("lost", $"comments of {media}", wanted, since => PagesAsync(since, async token =>
        {
            var request = new ListCommentsRequest { MediaId = media, PageToken = token, PageSize = PageSize };
            var answer = await AnswerAsync(() => mesh.Media.ListCommentsAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
            return ([.. answer.Comments.Select(static comment => comment.Id)], answer.NextPageToken);
        }), ct).ConfigureAwait(false);
        await ExactAsync(
            $"comment count of {media}", wanted.Count, async () => (await CountsAsync(media, ct).ConfigureAwait(false)).Comments, ct).ConfigureAwait(false);
    }

    private async Task<MediaCounts> CountsAsync(long media, CancellationToken ct)
    {
        var request = new GetMediaCountsRequest { MediaId = media };
        return (await AnswerAsync(() => mesh.Media.GetMediaCountsAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false)).Counts;
    }

    private async Task FeedAsync(Person reader, CancellationToken ct)
    {
        var wanted = reader.Follows.Append(reader).SelectMany(author => _posts.GetValueOrDefault(author.Id) ?? []).ToHashSet();
        if (wanted.Count == 0) return;
        await ComesAsync("lost", $"home feed of user {reader.Id}", wanted, since => PagesAsync(since, async token =>
        {
            var request = new HomeFeedRequest { UserId = reader.Id, PageToken = token, PageSize = PageSize };
            var answer = await AnswerAsync(() => mesh.Feed.HomeFeedAsync(request, MeshClient.AsUser(reader.Id, null, ct)), ct).ConfigureAwait(false);
            return ([.. answer.Items.Select(static item => item.Media.Id)], answer.NextPageToken);
        }), ct).ConfigureAwait(false);
    }

    /// <summary>Pages until what is older than this run.</summary>
    private static async Task<List<long>> PagesAsync(long since, Func<string, Task<(long[] Ids, string Next)>> read)
    {
        var (all, page) = (new List<long>(), "");
        do
        {
            var (ids, next) = await read(page).ConfigureAwait(false);
            all.AddRange(ids);
            page = ids.Length > 0 && ids[^1] < since ? "" : next;
        }
        while (page.Length > 0);
        return all;
    }

    private async Task ComesAsync(string kind, string what, HashSet<long> wanted, Func<long, Task<List<long>>> read, CancellationToken ct)
    {
        if (wanted.Count == 0) return;
        var since = wanted.Min();
        while (true)
        {
            var found = await read(since).ConfigureAwait(false);
            if (found.Distinct().Count() != found.Count) violations.Add("double", $"{what} has an entry twice");
            var missing = wanted.Except(found).ToList();
            if (missing.Count == 0) return;
            if (Stopwatch.GetElapsedTime(_begun) > limit)
            {
                violations.Add(kind, $"{what} lacks {string.Join(", ", missing.Take(5))} ({missing.Count} in all), acknowledged");
                return;
            }

            await Task.Delay(100, ct).ConfigureAwait(false);
        }
    }

    private async Task ExactAsync(string what, long wanted, Func<Task<long>> read, CancellationToken ct)
    {
        while (true)
        {
            var found = await read().ConfigureAwait(false);
            if (found == wanted) return;
            if (Stopwatch.GetElapsedTime(_begun) > limit)
            {
                violations.Add("count not exact", $"{what}: {found} is shown at the end, and it is {wanted}");
                return;
            }

            await Task.Delay(100, ct).ConfigureAwait(false);
        }
    }
}
