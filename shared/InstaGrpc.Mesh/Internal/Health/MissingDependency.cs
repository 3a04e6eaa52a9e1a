namespace InstaGrpc.Mesh.Internal.Health;

/// <summary>A dependency that is not there.</summary>
internal sealed record MissingDependency(string Name, string Reason);
