namespace InstaGrpc.Postgres;

/// <summary>A write that its caller may repeat.</summary>
/// <param name="RoutingId">The id that the write is routed by: its node holds the answer too.</param>
/// <param name="UserId">Who asks.</param>
/// <param name="RequestId">The caller's name for the write.</param>
/// <param name="Method">The method's full name; the same request_id for another method is refused.</param>
public readonly record struct RequestKey(long RoutingId, long UserId, string RequestId, string Method);
