using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace InstaGrpc.Services.Changes;

/// <summary>Ready: every node is published here, or stands by for another process that does it.</summary>
public sealed class ChangesReadiness(IEnumerable<PublisherStatus> statuses) : IHealthCheck
{
    public const string Name = "changes";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var waiting = statuses
            .Where(status => status.State is not (PublisherState.Streaming or PublisherState.StandingBy))
            .Select(status => $"{status.Node}: {status.State}{(status.Reason.Length > 0 ? $" ({status.Reason})" : "")}")
            .ToList();
        return Task.FromResult(waiting.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", waiting)));
    }
}
