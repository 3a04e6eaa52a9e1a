using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;

namespace InstaGrpc.Feed.Tests;

public class AccountTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AUserIsFoundByIdAndByNameAndHasCounts()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var call = mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann.b_1", DisplayName = "Änn 🌸", RequestId = "r" });
        var ann = (await call).User;
        Assert.Equal(("ann.b_1", "Änn 🌸"), (ann.Name, ann.DisplayName));
        var token = ReadToken.Parse(call.GetTrailers().GetValue("insta-lsn")!);
        Assert.True(token.TryGet(NodePool.DirectoryNode, out _));
        Assert.Equal(2, token.Positions.Count);

        Assert.Equal(ann, (await mesh.Service.GetUserAsync(new GetUserRequest { UserId = ann.Id })).User);
        Assert.Equal(ann.Id, (await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = "ann.b_1" })).UserId);
        Assert.Equal(ann, (await mesh.Service.GetUserByNameAsync(new GetUserByNameRequest { Name = "ann.b_1" })).User);
        Assert.Equal(
            new UserCounts { UserId = ann.Id }, (await mesh.Service.GetUserCountsAsync(new GetUserCountsRequest { UserId = ann.Id })).Counts);
        await mesh.Service.GetUserByNameAsync(new GetUserByNameRequest { Name = "nobody" }).FailsAsync(StatusCode.NotFound);
        await mesh.Service.GetUserAsync(new GetUserRequest { UserId = 17 }).FailsAsync(StatusCode.NotFound);
        await mesh.Service.GetUserCountsAsync(new GetUserCountsRequest { UserId = 17 }).FailsAsync(StatusCode.NotFound);
    }

    [Fact]
    public async Task UsersAreSpreadOverTheNodesAndABatchReadsAllOfThem()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        List<User> users = [];
        for (var i = 0; i < 16; i++)
        {
            users.Add(await mesh.CreateAsync($"user{i}"));
        }

        foreach (var database in mesh.Nodes.Nodes.Values)
        {
            Assert.InRange(await database.QueryAsync<long>("SELECT count(*) FROM users"), 1, 15);
        }

        var batch = await mesh.Service.BatchGetUsersAsync(new BatchGetUsersRequest { UserIds = { users.Select(static user => user.Id).Append(17) } });
        Assert.Equal(users, batch.Users);
        var counts = await mesh.Service.BatchGetUserCountsAsync(
            new BatchGetUserCountsRequest { UserIds = { users.Select(static user => user.Id) } });
        Assert.Equal(16, counts.Counts.Count);
    }

    [Fact]
    public async Task ANameIsTakenOnceAndTheSameRequestGetsTheFirstAnswerEvenAtTheSameTime()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var request = new CreateUserRequest { Name = "ann", RequestId = "same" };
        var same = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => mesh.Service.CreateUserAsync(request).ResponseAsync));
        Assert.Single(same.Distinct());
        Assert.Equal(same[0], await mesh.Service.CreateUserAsync(request));
        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "other" }).FailsAsync(StatusCode.AlreadyExists);
        Assert.Equal(1, await mesh.CountAsync("SELECT count(*) FROM users"));

        // Many at once, each with a request of his own: one wins.
        var racing = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            try
            {
                await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "bob", RequestId = $"r{i}" });
                return StatusCode.OK;
            }
            catch (RpcException e)
            {
                return e.StatusCode;
            }
        }));
        Assert.Single(racing, static code => code == StatusCode.OK);
        Assert.Equal(5, racing.Count(static code => code == StatusCode.AlreadyExists));
        Assert.Equal(2, await mesh.CountAsync("SELECT count(*) FROM users"));
    }

    [Fact]
    public async Task AClaimWithoutAUserIsFreeAfterAMinuteAndNotBefore()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var lost = await mesh.Nodes.IdOnAsync(new NodeName("n1"));
        await mesh.Nodes.Directory.ExecuteAsync(
            $"INSERT INTO names (name, user_id, claimed_at, request_id) VALUES ('ann', {lost}, now() - interval '50 seconds', 'lost')");
        var request = new CreateUserRequest { Name = "ann", RequestId = "mine" };
        await mesh.Service.CreateUserAsync(request).FailsAsync(StatusCode.AlreadyExists);
        await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = "ann" }).FailsAsync(StatusCode.NotFound);

        await mesh.Nodes.Directory.ExecuteAsync("UPDATE names SET claimed_at = now() - interval '61 seconds'");
        var ann = (await mesh.Service.CreateUserAsync(request)).User;
        Assert.Equal(ann.Id, (await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = "ann" })).UserId);

        // The former claimer was only slow: his user's id is dead, so there is one ann for ever.
        await mesh.Service.GetUserAsync(new GetUserRequest { UserId = lost }).FailsAsync(StatusCode.NotFound);
        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "lost" }).FailsAsync(StatusCode.AlreadyExists);
        Assert.Equal(1, await mesh.CountAsync("SELECT count(*) FROM users WHERE deleted_at IS NULL"));
    }

    [Fact]
    public async Task AnOldClaimWhoseUserExistsIsConfirmedForItsMaker()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var made = await mesh.CreateAsync("ann");
        await mesh.Nodes.Directory.ExecuteAsync("UPDATE names SET confirmed = false, claimed_at = now() - interval '5 minutes'");
        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "mine" }).FailsAsync(StatusCode.AlreadyExists);
        Assert.Equal(made.Id, (await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = "ann" })).UserId);
    }

    [Fact]
    public async Task ARequestThatWasCutOffGoesOnWhereItWas()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var id = await mesh.Nodes.IdOnAsync(new NodeName("n2"));
        foreach (var age in (string[])["1 second", "10 minutes"])
        {
            var name = "ann" + age[..1] + age[^1];
            await mesh.Nodes.Directory.ExecuteAsync(
                $"INSERT INTO names (name, user_id, claimed_at, request_id) VALUES ('{name}', {id}, now() - interval '{age}', 'cut')");
            await mesh.ExecuteWhereAsync(id, $"INSERT INTO users (id, name) VALUES ({id}, '{name}')");
            Assert.Equal(id, (await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = "cut" })).User.Id);
            Assert.Equal(id, (await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = name })).UserId);
            id++;
        }
    }

    [Fact]
    public async Task BadInputIsRefusedByItsFieldAndWritesNothing()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        foreach (var name in (string[])["", "Ann", "an n", "ännе", "ann\0", new string('a', 31)])
        {
            await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = name, RequestId = "r" }).RefusesAsync("name");
            await mesh.Service.ResolveNameAsync(new ResolveNameRequest { Name = name }).RefusesAsync("name");
            await mesh.Service.GetUserByNameAsync(new GetUserByNameRequest { Name = name }).RefusesAsync("name");
        }

        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann" }).RefusesAsync("request_id");
        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "r", DisplayName = new string('x', 61) })
            .RefusesAsync("display_name");
        await mesh.Service.CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "r", Region = "mars" }).RefusesAsync("region");
        foreach (var id in (long[])[0, -1, long.MaxValue])
        {
            await mesh.Service.GetUserAsync(new GetUserRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.Service.GetUserCountsAsync(new GetUserCountsRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.Service.ListFollowersAsync(new ListFollowersRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.As(5).FollowAsync(new FollowRequest { UserId = id }).RefusesAsync("user_id");
            await mesh.As(5).UnfollowAsync(new UnfollowRequest { UserId = id }).RefusesAsync("user_id");
        }

        await mesh.As(5).FollowAsync(new FollowRequest { UserId = 5 }).RefusesAsync("user_id");
        await mesh.As(5).CreateUserAsync(new CreateUserRequest { Name = "ann", RequestId = "r" }).FailsAsync(StatusCode.PermissionDenied);
        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM users"));
        Assert.Equal(0, await mesh.Nodes.Directory.QueryAsync<long>("SELECT count(*) FROM names"));
    }

    [Fact]
    public async Task AnAvatarIsAPhotoOfAPostOfOnesOwnAndOutlivesIt()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var (ann, bob) = (await mesh.CreateAsync("ann"), await mesh.CreateAsync("bob"));
        var blob = new string('b', 64);
        await mesh.StoreBlobAsync(blob);
        var media = new MediaService.MediaServiceClient(mesh.Mesh.As($"user:{ann.Id}"));
        var post = (await media.CreateMediaAsync(new CreateMediaRequest { BlobIds = { blob }, RequestId = "r" })).Media;

        await mesh.As(bob.Id).SetAvatarAsync(new SetAvatarRequest { MediaId = post.Id }).FailsAsync(StatusCode.PermissionDenied);
        await mesh.As(ann.Id).SetAvatarAsync(new SetAvatarRequest { MediaId = post.Id, Index = 1 }).RefusesAsync("index");
        await mesh.As(ann.Id).SetAvatarAsync(new SetAvatarRequest { MediaId = 5 }).FailsAsync(StatusCode.NotFound);
        Assert.Equal("", (await mesh.Service.GetAvatarAsync(new GetAvatarRequest { UserId = ann.Id })).BlobId);

        await mesh.As(ann.Id).SetAvatarAsync(new SetAvatarRequest { MediaId = post.Id });
        await mesh.As(ann.Id).SetAvatarAsync(new SetAvatarRequest { MediaId = post.Id });
        var user = (await mesh.Service.GetUserAsync(new GetUserRequest { UserId = ann.Id })).User;
        Assert.Equal((post.Id, 0u, blob), (user.AvatarMediaId, user.AvatarIndex, user.AvatarBlobId));
        Assert.Equal(blob, (await mesh.Service.GetAvatarAsync(new GetAvatarRequest { UserId = ann.Id })).BlobId);
        Assert.Equal(2, await mesh.CountAsync("SELECT coalesce(sum(refs), 0)::bigint FROM blobs"));

        await mesh.As(ann.Id).SetAvatarAsync(new SetAvatarRequest());
        user = (await mesh.Service.GetUserAsync(new GetUserRequest { UserId = ann.Id })).User;
        Assert.Equal((0, ""), (user.AvatarMediaId, user.AvatarBlobId));
        await mesh.As(ann.Id).DeleteUserAsync(new DeleteUserRequest { UserId = ann.Id });
        Assert.True((await mesh.Service.GetAvatarAsync(new GetAvatarRequest { UserId = ann.Id })).Deleted);
        await mesh.Service.GetAvatarAsync(new GetAvatarRequest { UserId = bob.Id + 1 }).FailsAsync(StatusCode.NotFound);
    }
}
