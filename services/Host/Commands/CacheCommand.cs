using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;
using InstaGrpc.Postgres;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta cache</c></summary>
internal static class CacheCommand
{
    private const string _flushed = "flushed";

    private static readonly TimeSpan _generationPatience = TimeSpan.FromSeconds(2);

    public static Command Create() => new("cache", "Look into the cache, or make it forget.") { Why(), Flush() };

    private static Command Why()
    {
        var method = new Argument<string>("method") { Description = "A cached method: package.Service/Method, or its name alone." };
        var request = new Argument<string>("request") { Description = "The request as JSON." };
        var user = new Option<long?>("--user") { Description = "Whose answer, where the method varies by caller." };
        var data = OperatorSession.DataOption();
        var command = new Command("why", "Tell whether a read would be a hit now, and why not: key, server, generation, watermark, lease, age. Takes no lease.")
        {
            method, request, user, data,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var descriptor = CallCommand.Find(parsed.GetValue(method)!);
            IMessage message;
            try
            {
                message = JsonParser.Default.Parse(parsed.GetValue(request)!, descriptor.InputType);
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
            {
                throw new UsageException($"the request is no {descriptor.InputType.FullName}: {e.Message}");
            }
            await using var cache = await OpenAsync(parsed.GetValue(data)!, ct);
            var contract = cache.Catalog[$"{descriptor.Service.FullName}/{descriptor.Name}"];
            if (contract.Policy.Batch is not null) throw new UsageException($"{contract.FullName} is cached per item: ask for its item method");
            if (contract.Policy.Cache is not { } policy) throw new UsageException($"{contract.FullName} declares no cache");
            if (policy.VaryByCaller && parsed.GetValue(user) is null)
            {
                throw new UsageException($"{contract.FullName} varies by caller: say whose answer with --user ID");
            }
            try
            {
                var node = await cache.NodeOfAsync(contract, message, ct);
                // Lag and age are told by PostgreSQL's clock, which this process has not met yet.
                await cache.Services.GetRequiredService<DatabaseClock>().EnsureAsync(node, ct);
                var reads = cache.Services.GetRequiredService<CachedReads>();
                await cache.Services.GetRequiredService<ContractAnnouncer>().LookAsync(contract, ct);
                var inspector = cache.Services.GetRequiredService<CacheInspector>();
                Print(contract, node, await inspector.InspectAsync(reads.For(contract), node, message, parsed.GetValue(user), ct));
            }
            catch (Exception e) when (e is NodeUnavailableException or MemcachedException)
            {
                throw new UsageException($"{contract.FullName} would be read uncached, or not at all: {e.Message}");
            }
        });
        return command;
    }

    private static void Print(MethodContract contract, NodeName node, CacheInspection found) => TextTable.Write(Console.Out, ["what", "value"],
    [
        ["method", contract.FullName],
        ["contract", found.Contract?.ToString() ?? "-"],
        ["node", node.Value],
        ["server", found.Server ?? "-"],
        ["key", found.Key ?? "-"],
        ["generation", found.Watermark?.Generation.ToString("x16", CultureInfo.InvariantCulture) ?? "-"],
        ["watermark lo", found.Watermark?.Lo.ToString() ?? "-"],
        ["watermark hi", found.Watermark?.Hi.ToString() ?? "-"],
        ["honoured contracts", found.Watermark is { } watermark ? $"up to {watermark.Contracts}" : "-"],
        ["lag", Milliseconds(found.Lag)],
        ["item", found.State],
        ["age", Milliseconds(found.Age)],
        ["seconds to live", found.ExpiresInSeconds?.ToString(CultureInfo.InvariantCulture) ?? "-"],
        ["answer bytes", found.AnswerBytes?.ToString(CultureInfo.InvariantCulture) ?? "-"],
        ["would be a hit", found.WouldHit ? "yes" : "no"],
        ["because", found.Because],
    ]);

    // Two clocks are never quite the same: a hair of a negative lag is none.
    private static string Milliseconds(TimeSpan? time) =>
        time is { } known ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, known.TotalMilliseconds):0} ms") : "-";

    private static Command Flush()
    {
        var method = new Argument<string?>("method") { Description = "A cached method; its node's generation is renewed.", Arity = ArgumentArity.ZeroOrOne };
        var nodes = new Option<string?>("--node") { Description = "A node's name, or all." };
        var data = OperatorSession.DataOption();
        var command = new Command("flush", """
            Begin a new generation: everything cached for the node becomes invisible within a quarter of a second, and is read anew under leases. For
            a method that reads shards, that is every data node; generations belong to nodes, so other methods' entries go with it. Exit code 1 where a
            server could not be reached or no invalidator has begun a new generation.
            """) { method, nodes, data };
        command.SetAction(async (parsed, ct) =>
        {
            await using var cache = await OpenAsync(parsed.GetValue(data)!, ct);
            var chosen = Chosen(cache, parsed.GetValue(method), parsed.GetValue(nodes));
            var inspector = cache.Services.GetRequiredService<CacheInspector>();
            List<string[]> rows = [];
            foreach (var node in chosen)
            {
                foreach (var (server, isReached, generation) in await inspector.FlushAsync(node, _generationPatience, ct))
                {
                    var begun = generation?.ToString("x16", CultureInfo.InvariantCulture) ?? (isReached ? "-" : "?");
                    rows.Add([node.Value, server.Address, begun, Told(isReached, generation)]);
                }
            }
            TextTable.Write(Console.Out, ["node", "server", "generation", "state"], rows);
            return rows.TrueForAll(static row => row[3] == _flushed) ? 0 : 1;
        });
        return command;
    }

    private static string Told(bool isReached, ulong? generation) => (isReached, generation) switch
    {
        (false, _) => "not reached: what it holds is served again when it is back",
        (true, null) => "forgotten, but no invalidator has begun a generation: reads are uncached",
        _ => _flushed,
    };

    private static IEnumerable<NodeName> Chosen(CacheSession cache, string? method, string? node)
    {
        if ((method is null) == (node is null)) throw new UsageException("give a METHOD or --node NAME (or --node all)");
        if (method is not null)
        {
            var descriptor = CallCommand.Find(method);
            var policy = cache.Catalog[$"{descriptor.Service.FullName}/{descriptor.Name}"].Policy;
            if (policy.Cache is null && policy.Batch is null) throw new UsageException($"{method} declares no cache");
            return policy.ShardKey is null
                ? [NodePool.DirectoryNode]
                : cache.Session.Postgres.DataNodes;
        }
        if (node == "all") return cache.Session.Postgres.AllNodes;
        return NodeName.TryParse(node, out var name) && cache.Session.Postgres.Contains(name)
            ? [name]
            : throw new UsageException($"there is no node '{node}': choose from {string.Join(", ", cache.Session.Postgres.AllNodes)}, all");
    }

    private static async Task<CacheSession> OpenAsync(string data, CancellationToken ct)
    {
        var mesh = OperatorSession.Open(data);
        // Without servers there is nothing to look into.
        _ = mesh.Memcached;
        var session = new CacheSession(mesh);
        await session.StartAsync(ct);
        return session;
    }

    /// <summary>Looks at the cache with the eyes of a process of the mesh, and is none: it announces no contract.</summary>
    private sealed class CacheSession : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        public CacheSession(OperatorSession session)
        {
            Session = session;
            Catalog = ContractCatalog.Read(InstaContracts.Services);
            var services = new ServiceCollection();
            services.AddLogging();
            services.AddMetrics();
            services.AddPostgres(session.Configuration);
            services.AddMemcached(session.Configuration);
            services.AddCaching(session.Configuration, _ => Catalog.Methods);
            _services = services.BuildServiceProvider();
        }

        public OperatorSession Session { get; }

        public ContractCatalog Catalog { get; }

        public IServiceProvider Services => _services;

        public Task StartAsync(CancellationToken ct) => _services.GetRequiredService<DirectoryNotifications>().StartAsync(ct);

        public async Task<NodeName> NodeOfAsync(MethodContract contract, IMessage request, CancellationToken ct)
        {
            if (contract.Policy.ShardKey is not { } path) return NodePool.DirectoryNode;
            var id = path.Read(request).Integer;
            return id > 0
                ? await _services.GetRequiredService<ShardRouter>().NodeOfAsync(id, ct)
                : throw new UsageException($"{contract.FullName} refuses this request: {path.Path} must be an id, a number above 0");
        }

        public async ValueTask DisposeAsync()
        {
            await _services.GetRequiredService<DirectoryNotifications>().StopAsync(CancellationToken.None);
            await _services.DisposeAsync();
            await Session.DisposeAsync();
        }
    }
}
