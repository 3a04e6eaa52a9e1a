using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres;

/// <summary>Something that is wrong with a server, and what to do.</summary>
/// <param name="Check">The check's short name, e.g. "wal_level".</param>
/// <param name="Problem">What is the case, in one sentence.</param>
/// <param name="Fix">A command or setting that mends it.</param>
public sealed record PostgresFinding(FindingSeverity Severity, NodeName Node, string Check, string Problem, string Fix)
{
    public override string ToString() => $"{Severity.ToString().ToLowerInvariant()}: {Node}: {Check}: {Problem} Fix: {Fix}";
}
