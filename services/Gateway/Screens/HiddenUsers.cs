using InstaGrpc.Contracts.GraphV1;

namespace InstaGrpc.Services.Gateway.Screens;

/// <summary>
/// Who is hidden from a user: whom he has blocked, and who has blocked him. What is looked up by its id (a post, a user, comments) is the same
/// answer for everybody, since it is cached for everybody; whoever shows it to a person asks here first.
/// </summary>
internal sealed class HiddenUsers(GraphService.GraphServiceClient graph)
{
    /// <summary>Cached; read with the caller's token, so that his own block holds for his next screen.</summary>
    public async Task<IReadOnlySet<long>> FromAsync(long viewer, CancellationToken cancellation)
    {
        var answer = await graph.GetRelationsAsync(new GetRelationsRequest { UserId = viewer }, cancellationToken: cancellation).ConfigureAwait(false);
        return answer.Relations.HiddenIds.ToHashSet();
    }
}
