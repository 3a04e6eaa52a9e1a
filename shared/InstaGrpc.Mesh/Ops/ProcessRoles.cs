namespace InstaGrpc.Mesh.Ops;

/// <summary>What the process plays, for whoever looks at it. A process that says nothing is told by its services.</summary>
/// <param name="Names">"media", "feed".</param>
public sealed record ProcessRoles(IReadOnlyList<string> Names);
