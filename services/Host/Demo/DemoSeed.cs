using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Host.Client;

namespace InstaGrpc.Host.Demo;

/// <summary>A small world to look at: 20 users, one of them followed by all, 60 posts, follows and likes. Written through the services, once:
/// a second run finds it and changes nothing; one after a run that was killed on the way completes it.</summary>
/// <param name="mesh">Where it is written.</param>
/// <param name="doneFile">Says that it is whole.</param>
internal sealed class DemoSeed(MeshConnection mesh, string doneFile)
{
    /// <summary>Of every user of the demo.</summary>
    public const string Password = "instagrpc";

    /// <summary>One who follows some of the others.</summary>
    public const string Somebody = "ada";

    private const string _celebrity = "nova";
    private const int _postsEach = 3;

    private static readonly string[] _names =
    [
        _celebrity, "ada", "ben", "chloe", "dario", "elif", "femi", "greta", "hugo", "ines", "jun", "kaya", "liam", "mina", "noor", "otto", "pia",
        "quinn", "rosa", "sam",
    ];

    private static readonly string[] _captions =
    [
        "Morning light over the harbour", "First try at sourdough", "The trail was longer than the map said", "Rain again, and it is fine",
        "Found this door in the old town", "Last tram home", "New lens, old bridge", "Market day", "Snow on the last of the roses",
        "Somebody left a piano in the park",
    ];

    /// <returns>The users' ids by name.</returns>
    public async Task<IReadOnlyDictionary<string, long>> RunAsync(CancellationToken ct)
    {
        var users = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in _names) users[name] = await UserAsync(name, ct);
        if (File.Exists(doneFile)) return users;

        var posts = new List<long>();
        for (var user = 0; user < _names.Length; user++)
        {
            var caller = users[_names[user]];
            await FollowAsync(caller, user, users, ct);
            // The ids of requests are forgotten after a day: what is there is not made again.
            var there = await mesh.Media.ListByUserAsync(new ListByUserRequest { UserId = caller }, MeshConnection.AsUser(caller, ct));
            posts.AddRange(there.Media.Reverse().Take(_postsEach).Select(media => media.Id));
            for (var n = there.Media.Count; n < _postsEach; n++)
            {
                var created = await mesh.Media.CreateMediaAsync(
                    new CreateMediaRequest
                    {
                        Caption = _captions[(user * _postsEach + n) % _captions.Length],
                        RequestId = string.Create(CultureInfo.InvariantCulture, $"demo-{_names[user]}-{n}"),
                    },
                    MeshConnection.AsUser(caller, ct));
                posts.Add(created.Media.Id);
            }
        }
        for (var user = 0; user < _names.Length; user++)
        {
            for (var post = 0; post < posts.Count; post++)
            {
                // The celebrity's posts (the first ones) please everybody, the others about a third.
                if (post < _postsEach || (user * 7 + post * 3) % 10 < 3)
                {
                    await LikeAsync(posts[post], users[_names[user]], ct);
                }
            }
        }
        await File.WriteAllTextAsync(doneFile, "", ct);
        return users;
    }

    private async Task LikeAsync(long post, long user, CancellationToken ct)
    {
        try
        {
            await mesh.Media.LikeAsync(new LikeRequest { MediaId = post }, MeshConnection.AsUser(user, ct));
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // Somebody has deleted it since: the demo is theirs.
        }
    }

    private async Task FollowAsync(long caller, int user, Dictionary<string, long> users, CancellationToken ct)
    {
        for (var other = 0; other < _names.Length; other++)
        {
            if (other != user && (_names[other] == _celebrity || (user * 5 + other * 3) % 4 == 0))
            {
                await mesh.Graph.FollowAsync(new FollowRequest { UserId = users[_names[other]] }, MeshConnection.AsUser(caller, ct));
            }
        }
    }

    private async Task<long> UserAsync(string name, CancellationToken ct)
    {
        try
        {
            var created = await mesh.Graph.CreateUserAsync(
                new CreateUserRequest { Name = name, DisplayName = char.ToUpperInvariant(name[0]) + name[1..], RequestId = $"demo-{name}" },
                MeshConnection.AsAdmin(ct));
            return created.User.Id;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
        {
            var known = await mesh.Graph.GetUserByNameAsync(new GetUserByNameRequest { Name = name }, MeshConnection.AsAdmin(ct));
            return known.User.Id;
        }
    }
}
