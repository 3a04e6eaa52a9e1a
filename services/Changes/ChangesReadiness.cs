using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Changes;

/// <summary>
/// Every node is published here, or this process stands by for another that does it. Nothing answers worse without it than more slowly, so
/// it keeps no service from serving; it is shown.
/// </summary>
public sealed class ChangesReadiness(IEnumerable<PublisherStatus> statuses) : IReadinessCheck
{
    public string Name => "changes";

    public IReadOnlyCollection<string>? Services => [];

    public ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        var waiting = statuses
            .Where(status => status.State is not (PublisherState.Streaming or PublisherState.StandingBy))
            .Select(status => $"{status.Node}: {status.State}{(status.Reason.Length > 0 ? $" ({status.Reason})" : "")}")
            .ToList();
        return ValueTask.FromResult(waiting.Count == 0 ? null : string.Join("; ", waiting));
    }
}
