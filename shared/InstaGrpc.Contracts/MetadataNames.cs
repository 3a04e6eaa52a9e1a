namespace InstaGrpc.Contracts;

/// <summary>The fixed names of the metadata that travels beside a call.</summary>
public static class MetadataNames
{
    /// <summary>Who calls: <c>user:ID</c>, <c>service:NAME</c> or <c>admin</c>. Trusted only on the internal listener.</summary>
    public const string Caller = "insta-caller";

    /// <summary>The user for whom a service acts.</summary>
    public const string OnBehalfOf = "insta-on-behalf-of";

    /// <summary>The read-your-writes token, <c>node=timeline/LSN[,…]</c>, in requests and in trailers.</summary>
    public const string ReadToken = "insta-lsn";

    /// <summary>A caller's own limit of staleness in ms, smaller than the contract's.</summary>
    public const string MaxStale = "insta-max-stale-ms";

    /// <summary>The caller's shard map epoch; in trailers the epoch of the service that refused an older one.</summary>
    public const string Epoch = "insta-epoch";

    /// <summary>In trailers of RESOURCE_EXHAUSTED and UNAVAILABLE: when to try again, in ms.</summary>
    public const string RetryPushback = "grpc-retry-pushback-ms";
}
