using InstaGrpc.Mesh;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Media;

/// <summary>Names every fault of the section <c>Insta:Media</c> at once.</summary>
internal sealed class MediaOptionsValidation : IValidateOptions<MediaOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, MediaOptions options)
    {
        var faults = new OptionFaults(MediaOptions.Section);
        faults.Require(options.LongestCaption >= 0, nameof(options.LongestCaption), options.LongestCaption, "0 or more");
        faults.Require(options.LongestComment >= 1, nameof(options.LongestComment), options.LongestComment, "1 or more");
        faults.Require(options.MostPhotos >= 0, nameof(options.MostPhotos), options.MostPhotos, "0 or more");
        faults.Require(options.NewestListed is >= 1 and <= 10_000, nameof(options.NewestListed), options.NewestListed, "1 to 10000");
        faults.Require(options.LikesOfBatch is >= 1 and <= 10_000, nameof(options.LikesOfBatch), options.LikesOfBatch, "1 to 10000");

        // An hour, a hundred times, is far from the 30 days from which on memcached takes a lifetime for a date.
        faults.Require(options.ViralTtlFactor is >= 1 and <= 100, nameof(options.ViralTtlFactor), options.ViralTtlFactor, "1 to 100");
        faults.RequireInterval(nameof(options.ViralPoll), options.ViralPoll);
        faults.RequireInterval(nameof(options.SweepInterval), options.SweepInterval);
        faults.RequireLifetime(nameof(options.TombstoneLifetime), options.TombstoneLifetime);
        return faults.Result;
    }
}
