using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes;

/// <summary>A node's stream as PostgreSQL and Kafka have it.</summary>
/// <param name="Slot">Name of slot and publication.</param>
/// <param name="State">"streaming", "no publisher", "no slot", "lost", or why it can't be told.</param>
/// <param name="LagBytes">WAL that is not confirmed; null if unknown.</param>
/// <param name="Confirmed">What PostgreSQL was told; null if unknown.</param>
/// <param name="Published">The newest record in Kafka; null if there is none.</param>
/// <param name="PublishedAt">PostgreSQL's clock at its commit.</param>
public sealed record ChangeStreamLine(
    NodeName Node, string Slot, string State, long? LagBytes, Lsn? Confirmed, ReplayPosition? Published, DateTimeOffset? PublishedAt);
