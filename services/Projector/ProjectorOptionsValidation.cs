using InstaGrpc.Contracts.Ids;
using InstaGrpc.Mesh;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Projector;

/// <summary>Names every fault of the section <c>Insta:Projector</c> at once.</summary>
public sealed class ProjectorOptionsValidation : IValidateOptions<ProjectorOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, ProjectorOptions options)
    {
        var faults = new OptionFaults(ProjectorOptions.Section);
        faults.RequireLifetime(nameof(options.IdleStoreInterval), options.IdleStoreInterval);
        faults.Require(
            options.RebuildShards >= 1 && options.RebuildShards <= InstaId.Shards, nameof(options.RebuildShards), options.RebuildShards,
            $"1 to {InstaId.Shards}");
        faults.Require(options.RebuildEdges is >= 1 and <= 1_000_000, nameof(options.RebuildEdges), options.RebuildEdges, "1 to 1000000");
        faults.RequireLifetime(nameof(options.JobRetention), options.JobRetention);
        faults.RequireLifetime(nameof(options.RebuildNotifications), options.RebuildNotifications);

        // A rebuild would tell again of what was swept away.
        faults.Require(
            options.NotificationRetention > options.RebuildNotifications && options.NotificationRetention <= TimeSpan.FromDays(3650),
            nameof(options.NotificationRetention), options.NotificationRetention, "more than RebuildNotifications, up to 3650 days");
        faults.RequireInterval(nameof(options.SweepInterval), options.SweepInterval);
        faults.Require(options.ViralLikes >= 1, nameof(options.ViralLikes), options.ViralLikes, "1 or more");
        faults.RequireLifetime(nameof(options.ViralCalmAfter), options.ViralCalmAfter);
        faults.RequireInterval(nameof(options.FanoutPoll), options.FanoutPoll);
        return faults.Result;
    }
}
