namespace InstaGrpc.TestFixtures;

/// <summary>A span that came in over OTLP; ids in hexadecimal, empty where there is no parent.</summary>
/// <param name="Tags">Attributes as text; arrays and lists are left out.</param>
/// <param name="Links">Traces and spans that it is linked to.</param>
public sealed record ReceivedSpan(
    string Trace, string Id, string Parent, string Name, bool IsError, IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<(string Trace, string Span)> Links);
