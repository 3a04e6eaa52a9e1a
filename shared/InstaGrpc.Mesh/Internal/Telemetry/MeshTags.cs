namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Names of attributes in traces.</summary>
internal static class MeshTags
{
    public const string System = "rpc.system";
    public const string Method = "rpc.method";
    public const string Status = "rpc.grpc.status_code";
    public const string Caller = "insta.caller.kind";
    public const string CacheLevel = "insta.cache.level";
    public const string Uncached = "insta.cache.uncached_reason";
    public const string Node = "insta.node";
}
