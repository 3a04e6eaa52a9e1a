namespace InstaGrpc.Load.Reports;

/// <summary>A part of the mesh that was killed during the run.</summary>
/// <param name="Part">"memcached", "postgres", …</param>
/// <param name="KilledAt">Second of the run.</param>
/// <param name="ReturnedAt">Second of the run in which it was there again.</param>
/// <param name="RecoveredAfter">Seconds from then until the last failed call and until the stream was less than a second behind; null: not within the run.</param>
public sealed record Outage(string Part, double KilledAt, double ReturnedAt, double? RecoveredAfter);
