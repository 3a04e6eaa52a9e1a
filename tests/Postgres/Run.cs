using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Postgres.Tests;

/// <summary>One run of a handler, as the mesh would set it up.</summary>
internal sealed class Run : IAsyncDisposable
{
    private readonly ShardRouter _router;

    public Run(NodePool pool, NodeName node = default)
    {
        _router = new ShardRouter(pool);
        Scope.Node = node;
        Reads = new NodeReads(pool, _router, Scope);
        Writes = new NodeWrites(pool, _router, Tokens, NullLogger<NodeWrites>.Instance);
    }

    public NodeReadScope Scope { get; } = new();

    public IWriteTokens Tokens { get; } = new WriteTokens();

    public INodeReads Reads { get; }

    public INodeWrites Writes { get; }

    public async ValueTask DisposeAsync()
    {
        await Scope.DisposeAsync();
        _router.Dispose();
    }
}
