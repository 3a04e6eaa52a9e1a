using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh;

/// <summary>What is wrong with the options of one section: every fault, with what would be right. For <c>IValidateOptions</c>.</summary>
/// <param name="section">Where they are bound from: "Insta:Feed".</param>
public sealed class OptionFaults(string section)
{
    // What a timer takes is 49 days; what is subtracted from a date must leave one.
    private static readonly TimeSpan _longestInterval = TimeSpan.FromDays(30);
    private static readonly TimeSpan _longestLifetime = TimeSpan.FromDays(3650);

    private readonly List<string> _faults = [];

    /// <summary>Success, or all faults that were found.</summary>
    public ValidateOptionsResult Result => _faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_faults);

    /// <summary>A fault unless it holds.</summary>
    /// <param name="holds">Whether the value can be used.</param>
    /// <param name="option">The property's name.</param>
    /// <param name="value">What it is.</param>
    /// <param name="range">What it may be: "1 to 100".</param>
    public void Require<T>(bool holds, string option, T value, string range)
    {
        if (!holds)
        {
            _faults.Add(FormattableString.Invariant($"{section}:{option} is {value}: set it to {range}."));
        }
    }

    /// <summary>How often something is done: above 0, up to 30 days.</summary>
    public void RequireInterval(string option, TimeSpan value) =>
        Require(value > TimeSpan.Zero && value <= _longestInterval, option, value, "more than 0, up to 30 days");

    /// <summary>How long something is kept or waited for: 0 to 3,650 days.</summary>
    public void RequireLifetime(string option, TimeSpan value) =>
        Require(value >= TimeSpan.Zero && value <= _longestLifetime, option, value, "0 to 3650 days");
}
