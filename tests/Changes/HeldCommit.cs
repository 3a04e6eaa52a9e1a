using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>A like whose commit waits for its standby, decoded and seen by nobody, and one behind it that others see already.</summary>
/// <param name="Waiting">Done when the first is committed.</param>
/// <param name="Later">The end of the second.</param>
internal sealed record HeldCommit(Task Waiting, ReplayPosition Later)
{
    /// <summary>Makes them: likes of the media 2 and 3, when the publisher has been told of both.</summary>
    public static async Task<HeldCommit> MakeAsync(OwnCluster cluster, Mesh mesh, Publisher publisher)
    {
        await cluster.HoldCommitsAsync(true);
        var waiting = mesh.ExecuteAsync("INSERT INTO likes (media_id, user_id) VALUES (2, 1)");
        await mesh.UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')");
        await using var local = await mesh.OpenAsync();
        await mesh.ExecuteAsync(local, "SET synchronous_commit = local");
        var later = await mesh.ExecuteAsync(local, "INSERT INTO likes (media_id, user_id) VALUES (3, 1)");
        while (publisher.Status.Received < later.Lsn)
        {
            await Task.Delay(5, mesh.Limit);
        }

        return new HeldCommit(waiting, later);
    }
}
