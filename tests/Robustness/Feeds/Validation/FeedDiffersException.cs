namespace InstaGrpc.Robustness.Feeds.Validation;

/// <summary>A feed is not what it must be.</summary>
public sealed class FeedDiffersException(string message) : Exception(message);
