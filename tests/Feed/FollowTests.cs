using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;

namespace InstaGrpc.Feed.Tests;

public class FollowTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task FollowingTwiceIsFollowingOnce()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var (ann, bob) = (await mesh.CreateAsync("ann"), await mesh.CreateAsync("bob"));
        await mesh.As(ann.Id).FollowAsync(new FollowRequest { UserId = bob.Id });
        await mesh.As(ann.Id).FollowAsync(new FollowRequest { UserId = bob.Id });
        Assert.Equal([bob.Id], (await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = ann.Id })).UserIds);
        Assert.Empty((await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = bob.Id })).UserIds);
        await mesh.As(ann.Id).UnfollowAsync(new UnfollowRequest { UserId = bob.Id });
        await mesh.As(ann.Id).UnfollowAsync(new UnfollowRequest { UserId = bob.Id });
        Assert.Empty((await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = ann.Id })).UserIds);
    }

    [Fact]
    public async Task NobodyFollowsOrIsFollowedWhoDoesNotExist()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var ann = await mesh.CreateAsync("ann");
        await mesh.As(ann.Id).FollowAsync(new FollowRequest { UserId = 17 }).FailsAsync(StatusCode.NotFound);
        await mesh.As(17).FollowAsync(new FollowRequest { UserId = ann.Id }).FailsAsync(StatusCode.NotFound);
        Assert.Equal(0, await mesh.CountAsync("SELECT count(*) FROM follows"));
    }

    [Fact]
    public async Task NobodyFollowsMoreThanTheLimitEvenWithManyFollowsAtOnce()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers, new KeyValuePair<string, string?>("Insta:Feed:MostFollowees", "3"));
        var ann = await mesh.CreateAsync("ann");
        List<long> others = [];
        for (var i = 0; i < 8; i++)
        {
            others.Add((await mesh.CreateAsync($"user{i}")).Id);
        }

        var codes = await Task.WhenAll(others.Select(async other =>
        {
            try
            {
                await mesh.As(ann.Id).FollowAsync(new FollowRequest { UserId = other });
                return StatusCode.OK;
            }
            catch (RpcException e)
            {
                return e.StatusCode;
            }
        }));
        Assert.Equal(3, codes.Count(static code => code == StatusCode.OK));
        Assert.Equal(5, codes.Count(static code => code == StatusCode.FailedPrecondition));
        var following = (await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = ann.Id })).UserIds;
        Assert.Equal(3, following.Count);
        // One that is followed already is no further one.
        await mesh.As(ann.Id).FollowAsync(new FollowRequest { UserId = following[0] });
    }

    [Fact]
    public async Task BothListsAreWalkedPageByPageInDescendingOrder()
    {
        await using var mesh = await GraphMesh.StartAsync(servers.Servers);
        var ann = await mesh.CreateAsync("ann");
        await mesh.ExecuteWhereAsync(
            ann.Id,
            $"INSERT INTO follows SELECT {ann.Id}, n FROM generate_series(1, 250) n; INSERT INTO followers SELECT {ann.Id}, n FROM generate_series(1, 250) n");
        var expected = Enumerable.Range(1, 250).Select(static n => (long)n).Reverse().ToList();

        async Task<List<long>> WalkAsync(Func<string, Task<(IEnumerable<long> Ids, string Next)>> read)
        {
            List<long> seen = [];
            var token = "";
            do
            {
                var (ids, next) = await read(token);
                seen.AddRange(ids);
                token = next;
            }
            while (token.Length > 0);
            return seen;
        }

        Assert.Equal(expected, await WalkAsync(async token =>
        {
            var page = await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = ann.Id, PageSize = 100, PageToken = token });
            return (page.UserIds, page.NextPageToken);
        }));
        Assert.Equal(expected, await WalkAsync(async token =>
        {
            var page = await mesh.Service.ListFollowersAsync(new ListFollowersRequest { UserId = ann.Id, PageToken = token });
            Assert.InRange(page.UserIds.Count, 1, 30);
            return (page.UserIds, page.NextPageToken);
        }));
        var foreign = (await mesh.Service.ListFollowersAsync(new ListFollowersRequest { UserId = ann.Id, PageSize = 1 })).NextPageToken;
        await mesh.Service.ListFollowingAsync(new ListFollowingRequest { UserId = ann.Id, PageToken = foreign }).RefusesAsync("page_token");
    }
}
