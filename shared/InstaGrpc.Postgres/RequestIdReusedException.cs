namespace InstaGrpc.Postgres;

/// <summary>A caller used a request_id again for something else.</summary>
public sealed class RequestIdReusedException(string requestId, string method)
    : Exception($"request_id '{requestId}' was used for {method} already: make a new one for each write.");
