namespace InstaGrpc.Mesh.Internal.Telemetry;

/// <summary>Names of attributes in traces: OpenTelemetry's semantic conventions of RPC and HTTP, and ours for what they do not know.</summary>
internal static class MeshTags
{
    public const string System = "rpc.system";
    public const string Service = "rpc.service";
    public const string Method = "rpc.method";
    public const string Status = "rpc.grpc.status_code";
    public const string HttpMethod = "http.request.method";
    public const string HttpRoute = "http.route";
    public const string HttpStatus = "http.response.status_code";
    public const string Caller = "insta.caller.kind";
    public const string CacheLevel = "insta.cache.level";
    public const string Uncached = "insta.cache.uncached_reason";
    public const string Node = "insta.node";
    public const string Shard = "insta.shard";
}
