using System.Text.Json;

namespace InstaGrpc.Load.Mesh;

/// <summary>Where a mesh is reached.</summary>
/// <param name="Grpc"><c>http://host:port</c> of the internal listener.</param>
/// <param name="Web"><c>http://host:port</c> of the web listener; empty: none, so no hit rates.</param>
/// <param name="Nodes">Connection string of each node's database; empty: nobody looks how far the stream is.</param>
/// <param name="Memcached">host:port of each server.</param>
/// <param name="Prefix">Of keys.</param>
internal sealed record MeshEndpoints(
    string Grpc, string Web, IReadOnlyDictionary<string, string> Nodes, IReadOnlyList<string> Memcached, string Prefix)
{
    private const string NodeKey = "Insta:Postgres:Nodes:";

    /// <summary>The endpoints of a run of <c>insta up</c>.</summary>
    /// <param name="folder">Its data folder.</param>
    public static MeshEndpoints Read(string folder)
    {
        var path = Path.Combine(folder, "endpoints.json");
        if (!File.Exists(path))
        {
            throw new InvalidOperationException(
                $"nothing runs on {folder}: start a mesh with ./insta up, or name one with --grpc HOST:PORT (and --web HOST:PORT)");
        }

        using var endpoints = JsonDocument.Parse(File.ReadAllBytes(path));
        var settings = JsonSerializer.Deserialize<Dictionary<string, string?>>(File.ReadAllBytes(Path.Combine(folder, "settings.json")))!;
        var nodes = settings
            .Where(static pair => pair.Key.StartsWith(NodeKey, StringComparison.OrdinalIgnoreCase)
                && pair.Key.EndsWith(":Primary", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(static pair => pair.Key.Split(':')[3], static pair => pair.Value!, StringComparer.Ordinal);
        return new MeshEndpoints(
            Address(endpoints.RootElement.GetProperty("grpc").GetString()!), Address(endpoints.RootElement.GetProperty("web").GetString()!), nodes,
            [.. endpoints.RootElement.GetProperty("memcached").EnumerateArray().Select(static server => server.GetString()!)],
            settings.GetValueOrDefault("Insta:Prefix") ?? "");
    }

    /// <param name="grpc">host:port or URL.</param>
    /// <param name="web">The same; null: none.</param>
    public static MeshEndpoints Of(string grpc, string? web) => Of(grpc, web, new Dictionary<string, string>(), [], "");

    /// <param name="grpc">host:port or URL.</param>
    /// <param name="web">The same; null: none.</param>
    /// <param name="nodes">Its nodes' databases, all of them.</param>
    /// <param name="memcached">Its memcached servers, all of them.</param>
    /// <param name="prefix">Of its keys.</param>
    public static MeshEndpoints Of(
        string grpc, string? web, IReadOnlyDictionary<string, string> nodes, IReadOnlyList<string> memcached, string prefix) =>
        new(Address(grpc), web is null ? "" : Address(web), nodes, memcached, prefix);

    private static string Address(string text) => text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
}
