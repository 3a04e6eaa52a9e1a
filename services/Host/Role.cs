namespace InstaGrpc.Host;

/// <summary>What a role cannot do its work without.</summary>
[Flags]
internal enum Needs
{
    Nothing = 0,
    Postgres = 1,
    Memcached = 2,
    Kafka = 4,

    /// <summary>Without it the role reads uncached.</summary>
    MemcachedIfNamed = 8,
}

/// <summary>One line of <see cref="RoleTable"/>.</summary>
/// <param name="Name">As <c>serve --roles</c> takes it.</param>
/// <param name="Contract">Full name of the gRPC service; empty when the role has none.</param>
/// <param name="Does">A few words for <c>insta roles</c>.</param>
/// <param name="Needs">What has to be named for it. It starts while memcached or Kafka is away, and says so.</param>
/// <param name="Add">Registers it; its gRPC services through the mesh, which maps them.</param>
/// <param name="Map">Maps what it serves beside gRPC; null: nothing.</param>
internal sealed record Role(
    string Name,
    string Contract,
    string Does,
    Needs Needs,
    Action<IServiceCollection, IConfiguration> Add,
    Action<IEndpointRouteBuilder>? Map = null);
