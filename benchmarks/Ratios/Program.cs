using InstaGrpc.Ratios;
using InstaGrpc.Ratios.Memcached;

// One line for each benchmark: its name, and what makes it.
var benchmarks = new Dictionary<string, Func<IBenchmark>>(StringComparer.Ordinal)
{
    ["memcached"] = () => new MemcachedBenchmark(),
};

return await BenchmarkCommand.RunAsync(benchmarks, args);
