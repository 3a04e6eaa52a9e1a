namespace InstaGrpc.Mesh.Internal.Edge;

/// <summary>A service that is reached from outside.</summary>
internal sealed record EdgeService(string FullName);
