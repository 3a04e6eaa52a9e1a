namespace InstaGrpc.Gateway.Tests;

/// <summary>A mesh with ordinary settings, for all tests that need no other; each makes its own users in it.</summary>
internal static class SharedMesh
{
    private static readonly Lock _gate = new();
    private static Task<GatewayMesh>? _mesh;

    /// <summary>Ends with the test process, like the servers.</summary>
    public static Task<GatewayMesh> GetAsync(SharedServers servers)
    {
        lock (_gate)
        {
            return _mesh ??= GatewayMesh.StartAsync(servers);
        }
    }
}
