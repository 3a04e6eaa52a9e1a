using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Projector;

/// <summary>Every node is folded here, or this process stands by for another that does it. Counts that lag keep no service from
/// serving.</summary>
public sealed class ProjectorReadiness(IEnumerable<ProjectorStatus> statuses) : IReadinessCheck
{
    public string Name => "projector";

    public IReadOnlyCollection<string>? Services => [];

    public ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        var waiting = statuses
            .Where(status => status.State is not (ProjectorState.Folding or ProjectorState.StandingBy))
            .Select(status => $"{status.Node}: {status.State}{(status.Reason.Length > 0 ? $" ({status.Reason})" : "")}")
            .ToList();
        return ValueTask.FromResult(waiting.Count == 0 ? null : string.Join("; ", waiting));
    }
}
