namespace InstaGrpc.Mesh.Ops;

/// <summary>One process.</summary>
/// <param name="Name">host:port of its web listener.</param>
/// <param name="Roles">What it plays.</param>
/// <param name="Health">"ready", "not ready" or "unreachable".</param>
/// <param name="Detail">Why it is not ready; empty otherwise.</param>
/// <param name="UptimeSeconds">Since it was started.</param>
/// <param name="MemoryBytes">Resident.</param>
/// <param name="Id">Its own, for as long as it lives; null: not known.</param>
public sealed record OpsProcess(
    string Name, IReadOnlyList<string> Roles, string Health, string Detail, double UptimeSeconds, long MemoryBytes, string? Id = null);
