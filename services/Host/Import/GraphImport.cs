using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Host.Client;

namespace InstaGrpc.Host.Import;

/// <summary>Makes an edge list into users (named by their number), follows and posts, through the services. What is there already is found by
/// reading and left alone, so an import that was interrupted goes on, and a second one makes no double.</summary>
internal sealed class GraphImport(MeshConnection mesh, EdgeList edges, int posts, TextWriter output, bool terminal)
{
    /// <summary>Calls under way at a time.</summary>
    private const int _parallel = 48;

    private readonly ConcurrentDictionary<int, long> _users = new();

    public static string NameOf(int person) => person.ToString(CultureInfo.InvariantCulture);

    public static string CaptionOf(int person, int post) => string.Create(CultureInfo.InvariantCulture, $"Post {post + 1} of {person}");

    public async Task RunAsync(CancellationToken ct)
    {
        using (var progress = new Progress(output, "users", edges.People.Count, terminal))
        {
            await EachAsync(edges.People, async (person, token) =>
            {
                _users[person] = await UserAsync(person, token);
                progress.Add();
            }, ct);
        }
        using (var progress = new Progress(output, "follows", edges.Follows, terminal))
        {
            await EachAsync(edges.People, (person, token) => FollowAsync(person, progress, token), ct);
        }
        using (var progress = new Progress(output, "posts", (long)edges.People.Count * posts, terminal))
        {
            await EachAsync(edges.People, (person, token) => PostAsync(person, progress, token), ct);
        }
    }

    private async Task<long> UserAsync(int person, CancellationToken ct)
    {
        try
        {
            var created = await mesh.Graph.CreateUserAsync(
                new CreateUserRequest { Name = NameOf(person), DisplayName = $"Person {person}", RequestId = $"import-{person}" },
                MeshConnection.AsAdmin(ct));
            return created.User.Id;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
        {
            var known = await mesh.Graph.GetUserByNameAsync(new GetUserByNameRequest { Name = NameOf(person) }, MeshConnection.AsAdmin(ct));
            return known.User.Id;
        }
    }

    private async Task FollowAsync(int person, Progress progress, CancellationToken ct)
    {
        var caller = _users[person];
        var known = (await FollowingAsync(mesh, caller, ct)).ToHashSet();
        foreach (var friend in edges.Friends[person])
        {
            if (!known.Contains(_users[friend]))
            {
                await mesh.Graph.FollowAsync(new FollowRequest { UserId = _users[friend] }, MeshConnection.AsUser(caller, ct));
            }
            progress.Add();
        }
    }

    private async Task PostAsync(int person, Progress progress, CancellationToken ct)
    {
        var caller = _users[person];
        var known = (await PostsAsync(mesh, caller, ct)).Select(media => media.Caption).ToHashSet(StringComparer.Ordinal);
        for (var n = 0; n < posts; n++)
        {
            var caption = CaptionOf(person, n);
            if (!known.Contains(caption))
            {
                await mesh.Media.CreateMediaAsync(
                    new CreateMediaRequest { Caption = caption, RequestId = $"import-{person}-{n}" }, MeshConnection.AsUser(caller, ct));
            }
            progress.Add();
        }
    }

    /// <summary>All pages of the follow list.</summary>
    public static async Task<List<long>> FollowingAsync(MeshConnection mesh, long user, CancellationToken ct)
    {
        var all = new List<long>();
        var page = "";
        do
        {
            var answer = await mesh.Graph.ListFollowingAsync(
                new ListFollowingRequest { UserId = user, PageToken = page, PageSize = 100 }, MeshConnection.AsAdmin(ct));
            all.AddRange(answer.UserIds);
            page = answer.NextPageToken;
        }
        while (page.Length > 0);
        return all;
    }

    /// <summary>All pages of the list of followers.</summary>
    public static async Task<List<long>> FollowersAsync(MeshConnection mesh, long user, CancellationToken ct)
    {
        var all = new List<long>();
        var page = "";
        do
        {
            var answer = await mesh.Graph.ListFollowersAsync(
                new ListFollowersRequest { UserId = user, PageToken = page, PageSize = 100 }, MeshConnection.AsAdmin(ct));
            all.AddRange(answer.UserIds);
            page = answer.NextPageToken;
        }
        while (page.Length > 0);
        return all;
    }

    /// <summary>All pages of a user's posts.</summary>
    public static async Task<List<Contracts.MediaV1.Media>> PostsAsync(MeshConnection mesh, long user, CancellationToken ct)
    {
        var all = new List<Contracts.MediaV1.Media>();
        var page = "";
        do
        {
            var answer = await mesh.Media.ListByUserAsync(
                new ListByUserRequest { UserId = user, PageToken = page, PageSize = 100 }, MeshConnection.AsAdmin(ct));
            all.AddRange(answer.Media);
            page = answer.NextPageToken;
        }
        while (page.Length > 0);
        return all;
    }

    private static Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken ct) =>
        Parallel.ForEachAsync(
            items, new ParallelOptions { MaxDegreeOfParallelism = _parallel, CancellationToken = ct },
            async (item, token) => await work(item, token));
}
