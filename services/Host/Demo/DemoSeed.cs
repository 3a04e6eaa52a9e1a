using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Host.Client;
using InstaGrpc.Photos;

namespace InstaGrpc.Host.Demo;

/// <summary>A small world to look at: 20 users, one of them followed by all, 60 posts with pictures, follows and likes. Written through the services, once:
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
    private const int _pictures = 10;
    private const int _pictureSide = 640;
    private const int _chunk = 64 * 1024;

    private static readonly string[] _names =
    [
        _celebrity, "ada", "ben", "chloe", "dario", "elif", "femi", "greta", "hugo", "ines", "jun", "kaya", "liam", "mina", "noor", "otto", "pia",
        "quinn", "rosa", "sam",
    ];

    // By number, as they are uploaded; the same picture is one blob, in however many posts.
    private readonly Dictionary<int, string> _blobs = [];

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
                var number = user * _postsEach + n;
                var created = await mesh.Media.CreateMediaAsync(
                    new CreateMediaRequest
                    {
                        Caption = _captions[number % _captions.Length],
                        BlobIds = { await PictureAsync(number % _pictures, caller, ct) },
                        RequestId = string.Create(CultureInfo.InvariantCulture, $"demo-{_names[user]}-{n}"),
                    },
                    MeshConnection.AsUser(caller, ct));
                posts.Add(created.Media.Id);
                if (n == 0 && created.Media.Photos.Count > 0)
                {
                    await mesh.Graph.SetAvatarAsync(new SetAvatarRequest { MediaId = created.Media.Id }, MeshConnection.AsUser(caller, ct));
                }
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

    /// <summary>The blob of a generated picture; none where the mesh can't decode photos.</summary>
    private async Task<IReadOnlyList<string>> PictureAsync(int number, long caller, CancellationToken ct)
    {
        if (_blobs.TryGetValue(number, out var known)) return known.Length > 0 ? [known] : [];
        try
        {
            using var upload = mesh.Media.Upload(MeshConnection.AsUser(caller, ct));
            foreach (var part in GeneratedPicture.Png(number, _pictureSide, _pictureSide).Chunk(_chunk))
            {
                await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = UnsafeByteOperations.UnsafeWrap(part) }, ct);
            }
            await upload.RequestStream.CompleteAsync();
            _blobs[number] = (await upload).BlobId;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
        {
            // Without libvips the demo is one of words.
            _blobs[number] = "";
        }
        return await PictureAsync(number, caller, ct);
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
