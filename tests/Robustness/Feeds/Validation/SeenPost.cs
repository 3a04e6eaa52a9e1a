using System.Globalization;

namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>A post in a feed, with its author.</summary>
public readonly record struct SeenPost(long Id, long Author)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}");
}
