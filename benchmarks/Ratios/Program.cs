using InstaGrpc.Ratios;
using InstaGrpc.Ratios.Edge;
using InstaGrpc.Ratios.Fanout;
using InstaGrpc.Ratios.Feed;
using InstaGrpc.Ratios.Freshness;
using InstaGrpc.Ratios.Hit;
using InstaGrpc.Ratios.Ids;
using InstaGrpc.Ratios.Images;
using InstaGrpc.Ratios.Likes;
using InstaGrpc.Ratios.Load;
using InstaGrpc.Ratios.Memcached;

if (args is [PlainServer.Argument, var media, var counts])
{
    return await PlainServer.RunAsync(media, counts);
}

if (args is [PlainLikes.Argument, var database])
{
    return await PlainLikes.RunAsync(database);
}

if (args is [EdgeServer.Argument])
{
    return await EdgeServer.RunAsync();
}

// One line for each benchmark: its name, and what makes it.
var benchmarks = new Dictionary<string, Func<IBenchmark>>(StringComparer.Ordinal)
{
    ["fanout"] = () => new FanoutBenchmark(),
    ["feed"] = () => new FeedBenchmark(),
    ["freshness"] = () => new FreshnessBenchmark(),
    ["gateway"] = () => new GatewayBenchmark(),
    ["hit"] = () => new HitBenchmark(),
    ["ids"] = () => new IdsBenchmark(),
    ["images"] = () => new ImagesBenchmark(),
    ["likes"] = () => new LikesBenchmark(),
    ["load"] = () => new LoadBenchmark(),
    ["memcached"] = () => new MemcachedBenchmark(),
    ["overload"] = () => new OverloadBenchmark(),
};

return await BenchmarkCommand.RunAsync(benchmarks, args);
