using Grpc.Core;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.TestFixtures;

namespace InstaGrpc.Integration.Tests;

/// <summary>What hangs on a post goes with it, in the caches too.</summary>
public sealed class DeletedPostTests(RunningMesh fixture) : IClassFixture<RunningMesh>
{
    private readonly RunningMesh _mesh = fixture.Mesh;

    [Fact]
    public async Task CachedCommentsOfADeletedPostAreGoneOnceItsDeletionIsMarked()
    {
        var owner = await _mesh.NewUserAsync();
        var media = await _mesh.NewMediaAsync(owner.Id);
        var node = await _mesh.Router.NodeOfAsync(media.Id, CancellationToken.None);
        await _mesh.Media.AddCommentAsync(
            new AddCommentRequest { MediaId = media.Id, Text = "x", RequestId = Guid.NewGuid().ToString("N") }, RunningMesh.AsUser(owner.Id));
        var list = new ListCommentsRequest { MediaId = media.Id };

        // Until a read was a hit: the list is in the cache.
        const string method = "insta.media.v1.MediaService/ListComments";
        using var limit = new CancellationTokenSource(RunningMesh.Limit);
        for (var before = await _mesh.CacheReadsAsync(method, "memcached"); await _mesh.CacheReadsAsync(method, "memcached") == before;)
        {
            limit.Token.ThrowIfCancellationRequested();
            await _mesh.Media.ListCommentsAsync(list, RunningMesh.AsUser(owner.Id));
        }

        var delete = _mesh.Media.DeleteMediaAsync(new DeleteMediaRequest { MediaId = media.Id }, RunningMesh.AsUser(owner.Id));
        await delete;
        var token = delete.GetTrailers().GetValue(MetadataNames.ReadToken)!;
        await _mesh.Media.ListCommentsAsync(list, RunningMesh.AsUser(owner.Id, token)).FailsAsync(StatusCode.NotFound);

        await _mesh.MarkedAsync(node, ReadToken.Parse(token).Positions.Single(pair => pair.Key == node).Value.ToReplayPosition());
        await _mesh.Media.ListCommentsAsync(list, RunningMesh.AsUser(owner.Id)).FailsAsync(StatusCode.NotFound);
    }
}
