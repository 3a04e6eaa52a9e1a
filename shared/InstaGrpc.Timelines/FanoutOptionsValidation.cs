using Microsoft.Extensions.Options;

namespace InstaGrpc.Timelines;

/// <summary>Names every fault of the section <c>Insta:Feed</c> at once.</summary>
public sealed class FanoutOptionsValidation : IValidateOptions<FanoutOptions>
{
    private static readonly TimeSpan _longestLifetime = TimeSpan.FromDays(30);

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, FanoutOptions options)
    {
        List<string> faults = [];
        Check(options.ActiveFirstFrom >= 1, "ActiveFirstFrom", options.ActiveFirstFrom, "at least 1");
        Check(options.PullAbove >= options.ActiveFirstFrom, "PullAbove", options.PullAbove, "at least ActiveFirstFrom");
        Check(options.BatchSize is >= 1 and <= 10_000, "BatchSize", options.BatchSize, "1 to 10000");
        Check(options.BatchesInFlight is >= 1 and <= 10_000, "BatchesInFlight", options.BatchesInFlight, "1 to 10000");
        Check(options.PostRate > 0, "PostRate", options.PostRate, "above 0");
        Check(options.PostBurst >= options.BatchSize, "PostBurst", options.PostBurst, "at least BatchSize");
        Check(options.AppendsPerSecond > 0, "AppendsPerSecond", options.AppendsPerSecond, "above 0");
        Check(options.ActiveWindow > TimeSpan.Zero, "ActiveWindow", options.ActiveWindow, "above 0");
        Check(options.TimelineCap is >= 1 and <= 100_000, "TimelineCap", options.TimelineCap, "1 to 100000");
        Check(options.TimelineSlack >= 0, "TimelineSlack", options.TimelineSlack, "0 or more");
        CheckLifetime("TimelineLifetime", options.TimelineLifetime);
        CheckLifetime("BuildLifetime", options.BuildLifetime);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void CheckLifetime(string option, TimeSpan value) => Check(
            value >= TimeSpan.FromSeconds(1) && value <= _longestLifetime && value.Ticks % TimeSpan.TicksPerSecond == 0,
            option, value, "whole seconds from 1 s to 30 days");

        void Check<T>(bool holds, string option, T value, string range)
        {
            if (!holds)
            {
                faults.Add($"Insta:Feed:{option} is {value}: set it to {range}.");
            }
        }
    }
}
