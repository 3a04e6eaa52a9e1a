using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Caching;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Mesh.Internal.Telemetry;
using InstaGrpc.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>
/// Runs handlers of cached methods: each in a scope of its own with the node, source and fence that the cache chose, without a caller.
/// Afterwards it compares the tables that were read with those that the contract declares.
/// </summary>
internal sealed partial class CachedRuns
{
    private readonly IServiceScopeFactory _scopes;
    private readonly CallFlow _flow;
    private readonly MeshInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger<CachedRuns> _logger;
    private readonly ConcurrentDictionary<Guid, RunningRead> _running = new();
    private readonly bool _audits;

    public CachedRuns(
        IServiceScopeFactory scopes, CallFlow flow, MeshInstruments instruments, TimeProvider time, IOptions<CacheOptions> cache,
        IHostEnvironment environment, ILogger<CachedRuns> logger)
    {
        (_scopes, _flow, _instruments, _time, _logger) = (scopes, flow, instruments, time, logger);
        IsStrict = !environment.IsProduction();
        _audits = cache.Value.AuditDependencies ?? IsStrict;
    }

    /// <summary>Whether what a contract does not declare is an error (development, tests) or goes uncached with a metric
    /// (production).</summary>
    public bool IsStrict { get; }

    /// <summary>Runs the handler. Null: there is no such thing. Not cacheable: it read what its contract does not declare.</summary>
    public async ValueTask<(IMessage? Response, bool Cacheable)> RunAsync(
        CachedEndpoint endpoint, HandlerRunContext context, IMessage request, CancellationToken cancellation)
    {
        var run = new RunningRead(Guid.NewGuid(), context);
        _running[run.Id] = run;
        try
        {
            var scope = _scopes.CreateAsyncScope();
            await using (scope.ConfigureAwait(false))
            {
                var reads = scope.ServiceProvider.GetRequiredService<NodeReadScope>();
                reads.Node = context.Node;
                reads.Source = context.Source == Caching.ReadSource.Follower ? Postgres.ReadSource.Follower : Postgres.ReadSource.Primary;
                reads.Fence = context.NestedToken;
                reads.Cached = true;
                reads.Audit = _audits;
                var response = await CallAsync(endpoint, run, request, scope.ServiceProvider, cancellation).ConfigureAwait(false);
                return (response, await MayBeKeptAsync(endpoint, run, scope.ServiceProvider, reads, cancellation).ConfigureAwait(false));
            }
        }
        finally
        {
            _running.TryRemove(run.Id, out _);
        }
    }

    /// <summary>The run that a call says it belongs to, when it runs in this process; null: none.</summary>
    /// <exception cref="FailedPreconditionException">The outer run reads another node.</exception>
    public HandlerRunContext? Outer(string? header, MethodContract inner, NodeName node)
    {
        // "run:node"; from another process only the node means something here.
        if (header is null || header.IndexOf(':') is not (> 0 and var colon) || !Guid.TryParse(header.AsSpan(0, colon), out var id))
        {
            return null;
        }

        if (!header.AsSpan(colon + 1).SequenceEqual(node.Value))
        {
            throw new FailedPreconditionException(
                $"a cached method of node {header[(colon + 1)..]} calls {inner.FullName}, which here reads node {node}: its "
                    + $"answer would go stale unseen");
        }

        return _running.TryGetValue(id, out var run) ? run.Context : null;
    }

    private async Task<IMessage?> CallAsync(
        CachedEndpoint endpoint, RunningRead run, IMessage request, IServiceProvider scope, CancellationToken cancellation)
    {
        var context = run.Context;
        var contract = endpoint.Contract;
        var deadline = context.Remaining > TimeSpan.FromDays(1) ? DateTime.MaxValue : _time.GetUtcNow().UtcDateTime + context.Remaining;
        var tokens = new ReadTokenJar();
        if (context.NestedToken is { } fence)
        {
            tokens.Add(context.Node, fence);
        }

        var varies = endpoint.Method.Policy.VaryByCaller;
        _flow.Enter(new Flow(contract, deadline, varies ? context.CallerId : null, TimeSpan.Zero, tokens, run));
        try
        {
            return await endpoint.Handler!
                .RunAsync(scope, request, new DetachedCallContext(contract, deadline, context.CallerId, varies, cancellation))
                .ConfigureAwait(false);
        }
        catch (EntityNotFoundException)
        {
            return null;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    private async ValueTask<bool> MayBeKeptAsync(
        CachedEndpoint endpoint, RunningRead run, IServiceProvider scope, NodeReadScope reads, CancellationToken cancellation)
    {
        try
        {
            var method = endpoint.Contract.FullName;
            if (scope.GetRequiredService<IWriteTokens>().Token is { IsEmpty: false })
            {
                throw UndeclaredDependencyException.Write(method);
            }

            if (run.CalledUncached.FirstOrDefault() is { } uncached)
            {
                throw UndeclaredDependencyException.UncachedCall(method, uncached);
            }

            if (reads.Session is null && !run.Called.Any())
            {
                throw UndeclaredDependencyException.Nothing(method);
            }

            var read = new SortedSet<string>(StringComparer.Ordinal);
            if (reads.Session is { } session && await session.TablesReadAsync(cancellation).ConfigureAwait(false) is { } tables)
            {
                read.UnionWith(tables);
            }

            foreach (var called in run.Called)
            {
                var cache = called.Policy.Cache ?? called.Policy.Batch!.ItemMethod.Policy.Cache!;
                read.UnionWith(cache.DependsOn.Select(d => d.Table));
            }

            var declared = endpoint.Method.Policy;
            read.ExceptWith(declared.DependsOn.Select(d => d.Schema == "public" ? d.Name : d.Table));
            read.ExceptWith(declared.DependsOn.Select(d => d.Table));
            return read.Count == 0
                ? true
                : throw UndeclaredDependencyException.Tables(endpoint.Method.Contract.FullName, read,
                    [.. declared.BoundFields.Select(f => f.Name)]);
        }
        catch (UndeclaredDependencyException e) when (!IsStrict)
        {
            LogUndeclared(e.Message);
            _instruments.Undeclared(endpoint.Contract.FullName, "dependency");
            return false;
        }
    }

    [LoggerMessage(EventIds.UndeclaredDependency, LogLevel.Error, "{Fault} Until then such answers are not cached")]
    private partial void LogUndeclared(string fault);
}
