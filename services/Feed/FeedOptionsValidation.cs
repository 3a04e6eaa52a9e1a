using InstaGrpc.Mesh;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Feed;

/// <summary>Names every fault of the section <c>Insta:Feed</c> at once, as far as it is this role's (<c>FanoutOptions</c> has its own).</summary>
internal sealed class FeedOptionsValidation : IValidateOptions<FeedOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, FeedOptions options)
    {
        var faults = new OptionFaults(FeedOptions.Section);
        faults.Require(options.MostFollowees >= 1, nameof(options.MostFollowees), options.MostFollowees, "1 or more");
        faults.Require(options.LongestDisplayName >= 1, nameof(options.LongestDisplayName), options.LongestDisplayName, "1 or more");
        faults.RequireLifetime(nameof(options.ClaimLifetime), options.ClaimLifetime);
        faults.RequireLifetime(nameof(options.BuildWait), options.BuildWait);
        faults.RequireInterval(nameof(options.ActivityInterval), options.ActivityInterval);
        faults.Require(options.ActivityWaiting >= 0, nameof(options.ActivityWaiting), options.ActivityWaiting, "0 or more");
        faults.RequireInterval(nameof(options.SweepInterval), options.SweepInterval);
        faults.RequireLifetime(nameof(options.TombstoneLifetime), options.TombstoneLifetime);
        faults.Require(options.MostWatchers >= 0, nameof(options.MostWatchers), options.MostWatchers, "0 or more");
        faults.RequireInterval(nameof(options.NotificationPoll), options.NotificationPoll);
        return faults.Result;
    }
}
