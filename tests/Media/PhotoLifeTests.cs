using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Photos;

namespace InstaGrpc.Media.Tests;

public class PhotoLifeTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1.01);

    [Fact]
    public async Task APhotoStaysWhileOneOfItsPostsDoesAndGoesADayAfterTheLast()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (one, two) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var photo = await mesh.UploadAsync(one, GeneratedPicture.Png(1, 64, 48));
        var (first, second) = (await mesh.PostAsync(one, photo), await mesh.PostAsync(two, photo));

        await DeleteAsync(mesh, one, first.Id);
        await mesh.SweepBlobsAsync(2 * _day);
        Assert.Single(mesh.Files);

        await DeleteAsync(mesh, two, second.Id);
        await mesh.SweepBlobsAsync(TimeSpan.FromHours(23));
        Assert.Single(mesh.Files);
        await mesh.SweepBlobsAsync(_day);
        Assert.Empty(mesh.Files);
        Assert.Equal(0, await CountAsync(mesh, "blobs") + await CountAsync(mesh, "blob_refs"));
        await mesh.As(one).CreateMediaAsync(new CreateMediaRequest { BlobIds = { photo.BlobId }, RequestId = "late" }).RefusesAsync("blob_ids[0]");
    }

    [Fact]
    public async Task AnUploadInNoPostGoesAfterADayAndOneThatIsRepeatedStaysAnother()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var (unused, repeated) = (GeneratedPicture.Png(1, 64, 48), GeneratedPicture.Png(2, 64, 48));
        await mesh.UploadAsync(user, unused);
        var again = await mesh.UploadAsync(user, repeated);
        foreach (var node in mesh.Nodes.Nodes.Values)
        {
            await node.ExecuteAsync("UPDATE blobs SET touched_at = touched_at - interval '20 hours'");
        }

        await mesh.UploadAsync(user, repeated);
        await mesh.SweepBlobsAsync(TimeSpan.FromHours(5));
        Assert.EndsWith(again.BlobId, Assert.Single(mesh.Files), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHoldWhosePostWasNeverMadeGoesAndThatOfAPostIsConfirmed()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48));
        await mesh.PostAsync(user, photo);
        // The process ended between hold and post.
        await mesh.As(4242).CreateMediaAsync(new CreateMediaRequest { BlobIds = { photo.BlobId }, RequestId = "r" }).FailsAsync(Grpc.Core.StatusCode.NotFound);
        Assert.Equal(2, await CountAsync(mesh, "blob_refs"));

        await mesh.SweepBlobsAsync(TimeSpan.FromMinutes(61));

        Assert.Equal(1, await CountAsync(mesh, "blob_refs WHERE confirmed"));
        Assert.Equal(1, await CountAsync(mesh, "blob_refs"));
        Assert.Equal(1, await CountAsync(mesh, "blobs WHERE refs = 1"));
    }

    [Fact]
    public async Task AnUploadWhoseBytesWereNeverStoredIsSweptAndNoPostMayShowIt()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48));
        foreach (var node in mesh.Nodes.Nodes.Values)
        {
            await node.ExecuteAsync("UPDATE blobs SET stored = false");
        }

        await mesh.As(user).CreateMediaAsync(new CreateMediaRequest { BlobIds = { photo.BlobId }, RequestId = "r" }).RefusesAsync("blob_ids[0]");
        await mesh.SweepBlobsAsync(TimeSpan.FromMinutes(61));
        Assert.Empty(mesh.Files);
        Assert.Equal(0, await CountAsync(mesh, "blobs"));
    }

    [Fact]
    public async Task PhotosGoFromTierToTierByTheirAgeAndAreFoundInEach()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48));
        await mesh.PostAsync(user, photo);
        foreach (var (days, tier) in ((int, string)[])[(29, "hot"), (31, "warm"), (364, "warm"), (366, "cold"), (800, "cold")])
        {
            await mesh.SweepBlobsAsync(TimeSpan.FromDays(days));
            Assert.Contains($"/{tier}/", Assert.Single(mesh.Files), StringComparison.Ordinal);
            await using var content = await mesh.Store.OpenAsync(new BlobId(photo.BlobId), 0, CancellationToken.None);
            Assert.NotNull(content);
        }
    }

    [Fact]
    public async Task ADeletionTellsTheEdgesOfEveryUrlAtOnceAndTheSweepTellsThemAgain()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48));
        var post = await mesh.PostAsync(user, photo);

        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = post.Id });
        await Patience.UntilAsync(() => mesh.Purged.Paths.Count == 5, "five addresses are purged");
        Assert.Contains($"/media/{post.Id}/0/{photo.BlobId}/large", mesh.Purged.Paths);
        Assert.Contains($"/media/{post.Id}/0/{photo.BlobId}/original", mesh.Purged.Paths);

        using var sweep = mesh.NewSweep();
        await sweep.SweepAsync(new InstaGrpc.Contracts.Positions.NodeName("n1"), CancellationToken.None);
        Assert.Equal(10, mesh.Purged.Paths.Count);
    }

    [Fact]
    public async Task WhetherAPhotoMayBeServedIsToldApartFromWhetherItEverWas()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = await mesh.UploadAsync(user, GeneratedPicture.Png(1, 64, 48));
        var post = await mesh.PostAsync(user, photo);
        var request = new GetPhotosRequest { MediaId = post.Id };

        Assert.Equal(post.Photos, (await mesh.Service.GetPhotosAsync(request)).Photos);
        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = post.Id });
        Assert.Equal(new GetPhotosResponse { Deleted = true }, await mesh.Service.GetPhotosAsync(request));
        await mesh.Service.GetPhotosAsync(new GetPhotosRequest { MediaId = post.Id + 1 }).FailsAsync(Grpc.Core.StatusCode.NotFound);
    }

    private static async Task DeleteAsync(MediaMesh mesh, long user, long post)
    {
        await mesh.As(user).DeleteMediaAsync(new DeleteMediaRequest { MediaId = post });
        foreach (var node in mesh.Nodes.Nodes)
        {
            await node.Value.ExecuteAsync("UPDATE media SET deleted_at = now() - interval '61 minutes' WHERE deleted");
            using var sweep = mesh.NewSweep();
            await sweep.SweepAsync(node.Key, CancellationToken.None);
        }
    }

    private static async Task<long> CountAsync(MediaMesh mesh, string rows)
    {
        var count = 0L;
        foreach (var node in mesh.Nodes.Nodes.Values)
        {
            count += await node.QueryAsync<long>($"SELECT count(*) FROM {rows}");
        }

        return count;
    }
}
