using System.Collections.Concurrent;
using System.Globalization;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Host.Client;

namespace InstaGrpc.Host.Import;

/// <summary>Compares every person's counts, follow lists, posts and home feed, read through the services and their caches, with SQL.</summary>
/// <param name="mesh">Whom to ask.</param>
/// <param name="edges">What was imported.</param>
/// <param name="truth">What SQL says.</param>
/// <param name="wait">Counts, followers and feeds follow the change stream; within this they must have come.</param>
/// <param name="output">Where progress goes.</param>
/// <param name="terminal">Whether that is a terminal.</param>
internal sealed class GraphVerification(
    MeshConnection mesh, EdgeList edges, GraphTruth truth, TimeSpan wait, TextWriter output, bool terminal)
{
    private readonly ConcurrentQueue<string> _differences = new();

    private readonly HomeFeedVerification _feeds = new(mesh, truth);

    /// <summary>Pages of home feeds that were read.</summary>
    public long FeedPages => _feeds.Pages;

    /// <returns>What differs; empty when nothing does.</returns>
    public async Task<IReadOnlyCollection<string>> RunAsync(CancellationToken ct)
    {
        var until = DateTime.UtcNow + wait;
        await EachAsync("people", CompareAsync, until, ct);
        await EachAsync("home feeds", _feeds.CompareAsync, until, ct);
        return _differences;
    }

    private async Task EachAsync(string what, Func<int, CancellationToken, Task<string?>> compare, DateTime until, CancellationToken ct)
    {
        using var progress = new Progress(output, what, edges.People.Count, terminal);
        await Parallel.ForEachAsync(
            edges.People, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = ct }, async (person, token) =>
            {
                var difference = await compare(person, token);
                while (difference is not null && DateTime.UtcNow < until)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(200), token);
                    difference = await compare(person, token);
                }
                if (difference is not null) _differences.Enqueue(difference);
                progress.Add();
            });
    }

    private async Task<string?> CompareAsync(int person, CancellationToken ct)
    {
        if (!truth.Names.TryGetValue(GraphImport.NameOf(person), out var id))
        {
            return string.Create(CultureInfo.InvariantCulture, $"person {person} is not in the database: import the file first");
        }
        var resolved = await mesh.Graph.ResolveNameAsync(new ResolveNameRequest { Name = GraphImport.NameOf(person) }, MeshConnection.AsAdmin(ct));
        if (resolved.UserId != id) return Differs(person, "id", id, resolved.UserId);

        var following = GraphTruth.ListOf(truth.Following, id);
        var followers = GraphTruth.ListOf(truth.Followers, id);
        var posts = GraphTruth.ListOf(truth.Posts, id);
        var imported = edges.Friends[person].Count(friend =>
            truth.Names.TryGetValue(GraphImport.NameOf(friend), out var other) && following.Contains(other));
        if (imported != edges.Friends[person].Count) return Differs(person, "imported follows", edges.Friends[person].Count, imported);

        var counts = (await mesh.Graph.GetUserCountsAsync(new GetUserCountsRequest { UserId = id }, MeshConnection.AsAdmin(ct))).Counts;
        if (counts.Following != following.Count) return Differs(person, "count of followees", following.Count, counts.Following);
        if (counts.Followers != followers.Count) return Differs(person, "count of followers", followers.Count, counts.Followers);
        if (counts.Media != posts.Count) return Differs(person, "count of posts", posts.Count, counts.Media);

        return CompareLists(person, "followees", following, await GraphImport.FollowingAsync(mesh, id, ct))
            ?? CompareLists(person, "followers", followers, await GraphImport.FollowersAsync(mesh, id, ct))
            ?? ComparePosts(person, posts, await GraphImport.PostsAsync(mesh, id, ct));
    }

    private static string? CompareLists(int person, string what, IReadOnlyList<long> expected, List<long> read)
    {
        if (read.Count != expected.Count) return Differs(person, "number of " + what, expected.Count, read.Count);
        return expected.ToHashSet().SetEquals(read) ? null : $"person {person}: other {what} than in SQL";
    }

    private static string? ComparePosts(int person, IReadOnlyList<(long Id, string Caption)> expected, List<Contracts.MediaV1.Media> read) =>
        expected.SequenceEqual(read.Select(media => (media.Id, media.Caption))) ? null : $"person {person}: other posts than in SQL";

    private static string Differs(int person, string what, long expected, long read) =>
        string.Create(CultureInfo.InvariantCulture, $"person {person}: {what} is {read}, SQL says {expected}");
}
