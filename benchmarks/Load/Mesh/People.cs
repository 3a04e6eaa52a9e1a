using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Internal;

namespace InstaGrpc.Load.Mesh;

/// <summary>
/// The users of load runs, <c>load.0</c>, <c>load.1</c>, …, whom they follow, and a few posts of each. Written through the services; what is there is found
/// and left alone, so a second run makes nothing, and one after a run that was killed completes it.
/// </summary>
internal sealed class People
{
    private const int Parallel = 48;
    private const int FolloweesEach = 10;
    private const int PostsEach = 2;

    private static readonly TimeSpan _awayLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _restLimit = TimeSpan.FromSeconds(60);

    private People(IReadOnlyList<Person> all) => All = all;

    /// <summary>The most popular first.</summary>
    public IReadOnlyList<Person> All { get; }

    /// <param name="mesh">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="celebrity">Whether all follow the first.</param>
    /// <param name="report">Told how it goes.</param>
    /// <param name="ct">Stops it.</param>
    public static async Task<People> SeedAsync(MeshClient mesh, int count, bool celebrity, Action<string> report, CancellationToken ct)
    {
        var all = new Person[count];
        // The first alone and soon: a mesh that is not there is told at once.
        all[0] = await UserAsync(mesh, 0, _awayLimit, ct).ConfigureAwait(false);
        await EachAsync(
            Enumerable.Range(1, count - 1),
            async (number, token) => all[number] = await UserAsync(mesh, number, PatientCalls.StartLimit, token).ConfigureAwait(false),
            ct).ConfigureAwait(false);
        report($"{count} users");
        var made = 0;
        await EachAsync(
            all,
            async (person, token) => Interlocked.Add(ref made, await FollowAsync(mesh, all, person, celebrity, token).ConfigureAwait(false)),
            ct).ConfigureAwait(false);
        report($"{all.Sum(static person => person.Follows.Count)} follows, {made} of them new");
        made = 0;
        await EachAsync(all, async (person, token) => Interlocked.Add(ref made, await PostAsync(mesh, person, token).ConfigureAwait(false)), ct)
            .ConfigureAwait(false);
        report($"{made} new posts");
        return new People(all);
    }

    /// <summary>How many posts everybody has, when their counts have come to rest: when they are what the lists hold.</summary>
    public Task CountPostsAsync(MeshClient mesh, CancellationToken ct)
    {
        var begun = Stopwatch.GetTimestamp();
        return EachAsync(All, async (person, token) =>
        {
            while (true)
            {
                var counted = (await mesh.Patient.CallAsync(() => CountAsync(mesh, person, token), token).ConfigureAwait(false)).Counts.Media;
                var listed = await ListedAsync(mesh, person, token).ConfigureAwait(false);
                if (counted == listed)
                {
                    person.PostsBefore = counted;
                    return;
                }

                if (Stopwatch.GetElapsedTime(begun) > _restLimit)
                {
                    throw new InvalidOperationException(
                        $"user {person.Id} has {listed} posts and a count of {counted}, and after {_restLimit.TotalSeconds} s still: the mesh is not well, or somebody "
                        + "else writes for the users of load runs");
                }

                await Task.Delay(100, token).ConfigureAwait(false);
            }
        }, ct);
    }

    /// <summary>Fresh, and not what may stand in a copy for a while.</summary>
    public static AsyncUnaryCall<GetUserCountsResponse> CountAsync(MeshClient mesh, Person person, CancellationToken ct)
    {
        var options = MeshClient.AsAdmin(ct);
        options.Headers!.Add(MetadataNames.MaxStale, "0");
        return mesh.Graph.GetUserCountsAsync(new GetUserCountsRequest { UserId = person.Id }, options);
    }

    public static Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken ct) =>
        System.Threading.Tasks.Parallel.ForEachAsync(
            items, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct },
            async (item, token) => await work(item, token).ConfigureAwait(false));

    private static async Task<long> ListedAsync(MeshClient mesh, Person person, CancellationToken ct)
    {
        var (count, page) = (0L, "");
        do
        {
            var request = new ListByUserRequest { UserId = person.Id, PageToken = page, PageSize = 100 };
            var answer = await mesh.Patient.CallAsync(() => mesh.Media.ListByUserAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
            (count, page) = (count + answer.Media.Count, answer.NextPageToken);
        }
        while (page.Length > 0);
        return count;
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"load.{number}");

    private static async Task<Person> UserAsync(MeshClient mesh, int number, TimeSpan limit, CancellationToken ct)
    {
        var name = NameOf(number);
        try
        {
            var known = await mesh.Patient.CallAsync(
                () => mesh.Graph.GetUserByNameAsync(new GetUserByNameRequest { Name = name }, MeshClient.AsAdmin(ct)), limit, ct).ConfigureAwait(false);
            return new Person(number, known.User.Id);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            var request = new CreateUserRequest { Name = name, DisplayName = $"Load {number}", RequestId = name };
            var made = await mesh.Patient.CallAsync(() => mesh.Graph.CreateUserAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
            return new Person(number, made.User.Id);
        }
    }

    private static async Task<int> FollowAsync(MeshClient mesh, Person[] all, Person person, bool celebrity, CancellationToken ct)
    {
        var ids = all.ToDictionary(static one => one.Id);
        var page = "";
        do
        {
            var request = new ListFollowingRequest { UserId = person.Id, PageToken = page, PageSize = 100 };
            var answer = await mesh.Patient.CallAsync(() => mesh.Graph.ListFollowingAsync(request, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
            foreach (var id in answer.UserIds)
            {
                if (ids.TryGetValue(id, out var known)) person.Follows.Add(known);
            }

            page = answer.NextPageToken;
        }
        while (page.Length > 0);

        var made = 0;
        foreach (var other in Wanted(all, person, celebrity).Where(other => !person.Follows.Contains(other)).ToList())
        {
            var request = new FollowRequest { UserId = other.Id };
            await mesh.Patient.CallAsync(() => mesh.Graph.FollowAsync(request, MeshClient.AsUser(person.Id, null, ct)), ct).ConfigureAwait(false);
            person.Follows.Add(other);
            made++;
        }

        return made;
    }

    /// <summary>The same for each user in every run: drawn by popularity.</summary>
    private static HashSet<Person> Wanted(Person[] all, Person person, bool celebrity)
    {
        var wanted = new HashSet<Person>();
        if (celebrity && person.Number != 0) wanted.Add(all[0]);
        var random = new Random(Seeds.Of(person.Number));
        for (var tries = 0; tries < FolloweesEach * 3 && wanted.Count < Math.Min(FolloweesEach, all.Length - 1); tries++)
        {
            // Of rank r about in proportion to 1 / r.
            var other = all[(int)Math.Min(all.Length - 1, Math.Pow(all.Length + 1, random.NextDouble()) - 1)];
            if (other != person) wanted.Add(other);
        }

        return wanted;
    }

    private static async Task<int> PostAsync(MeshClient mesh, Person person, CancellationToken ct)
    {
        var list = new ListByUserRequest { UserId = person.Id, PageSize = PostsEach };
        var there = await mesh.Patient.CallAsync(() => mesh.Media.ListByUserAsync(list, MeshClient.AsAdmin(ct)), ct).ConfigureAwait(false);
        for (var n = there.Media.Count; n < PostsEach; n++)
        {
            var request = new CreateMediaRequest { Caption = $"Before the load, {n}", RequestId = $"load-{n}" };
            await mesh.Patient.CallAsync(() => mesh.Media.CreateMediaAsync(request, MeshClient.AsUser(person.Id, null, ct)), ct).ConfigureAwait(false);
        }

        return PostsEach - Math.Min(there.Media.Count, PostsEach);
    }
}
