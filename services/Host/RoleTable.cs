using InstaGrpc.Services.Changes;
using InstaGrpc.Services.Feed;
using InstaGrpc.Services.Gateway;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Invalidator;
using InstaGrpc.Services.LeaseCache;
using InstaGrpc.Services.Media;
using InstaGrpc.Services.Projector;
using InstaGrpc.Services.ShardMap;

namespace InstaGrpc.Host;

/// <summary>
/// Every role of the executable: what it is called, what it needs and what it adds. Nothing else knows the services.
/// </summary>
internal static class RoleTable
{
    /// <summary>In the order in which they are started; a role may call those above it from its first moment.</summary>
    public static IReadOnlyList<Role> All { get; } =
    [
        new("id", "insta.id.v1.IdService", "64-bit ids that sort by time", Needs.Postgres,
            (services, configuration) => services.AddId(configuration)),
        new("shardmap", "insta.shardmap.v1.ShardMapService", "which node holds which shard", Needs.Postgres,
            (services, configuration) => services.AddShardMap(configuration)),
        new("leasecache", "insta.leasecache.v1.LeaseCacheService", "leased cache entries under callers' own keys",
            Needs.Postgres | Needs.Memcached, (services, configuration) => services.AddLeaseCache(configuration)),
        new("changes", "", "each node's WAL -> Kafka, in commit order",
            Needs.Postgres | Needs.Kafka, (services, configuration) => services.AddChanges(configuration)),
        new("media", "insta.media.v1.MediaService", "posts, likes, comments, counts",
            Needs.Postgres | Needs.MemcachedIfNamed, (services, configuration) => services.AddMedia(configuration)),
        new("feed", "insta.graph.v1.GraphService, insta.feed.v1.FeedService", "users, names, follows, blocks, feeds",
            Needs.Postgres | Needs.MemcachedIfNamed, (services, configuration) => services.AddFeed(configuration)),
        new("invalidator", "insta.invalidator.v1.InvalidatorService", "changes -> marks in memcached, keys derived from the contracts",
            Needs.Postgres | Needs.Memcached | Needs.Kafka, (services, configuration) => services.AddInvalidator(configuration)),
        new("projector", "", "changes -> counts, edges, notifications, words, timelines",
            Needs.Postgres | Needs.Memcached | Needs.Kafka, (services, configuration) => services.AddProjector(configuration)),
        new("gateway", "insta.app.v1.AppService", "phones and browsers: gRPC-Web, sessions, the web app",
            Needs.Postgres | Needs.MemcachedIfNamed, (services, configuration) => services.AddGateway(configuration),
            endpoints => endpoints.MapGateway()),
    ];

    /// <summary>The roles of a comma-separated list, in the table's order; <c>all</c> is every one.</summary>
    /// <exception cref="UsageException">A name that is not in the table.</exception>
    public static IReadOnlyList<Role> Parse(string list)
    {
        var names = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names is ["all"]) return All;
        foreach (var name in names)
        {
            if (All.All(role => role.Name != name))
            {
                throw new UsageException($"there is no role '{name}': choose from {string.Join(", ", All.Select(role => role.Name))}, all");
            }
        }
        if (names.Length == 0) throw new UsageException("no role is named: give --roles with names of `insta roles`, or all");
        return [.. All.Where(role => names.Contains(role.Name))];
    }
}
