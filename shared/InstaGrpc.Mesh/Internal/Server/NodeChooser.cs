using Google.Protobuf;
using InstaGrpc.Contracts;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Mesh.Internal.Server;

/// <summary>The node of a call: that of its shard key, or the services' own.</summary>
internal sealed class NodeChooser(IOptions<MeshOptions> options, ShardRouter? router = null)
{
    private readonly NodeName _own = NodeName.TryParse(options.Value.Node, out var name)
        ? name
        : throw new InvalidOperationException($"Insta:Node is \"{options.Value.Node}\"; write 1 to 32 of [a-z0-9-].");

    public NodeName Own => _own;

    public bool HasNodes => router is not null;

    /// <summary>The shard map's epoch as this process knows it; null before it has been read.</summary>
    public long? Epoch => router?.Current?.Epoch;

    public ValueTask<NodeName> ChooseAsync(MethodContract contract, IMessage? request, CancellationToken cancellation)
    {
        if (contract.Policy.ShardKey is not { } key || request is null)
        {
            return ValueTask.FromResult(_own);
        }

        var value = key.Read(request);
        return value.Integer > 0
            ? OfAsync(value.Integer, cancellation)
            : throw new InvalidFieldException(key.Path, "must be an id: a number above 0");
    }

    public ValueTask<NodeName> OfAsync(long id, CancellationToken cancellation) => router is null
        ? throw new InvalidOperationException("A method has a shard_key, but Insta:Postgres:Directory is not set: nobody knows "
            + "where shards are.")
        : router.NodeOfAsync(id, cancellation);

    /// <summary>Whether this process has the shard map of that epoch, or a newer one.</summary>
    public bool Knows(long epoch) => router is not { Current: { } map } || map.Epoch >= epoch;

    /// <summary>Reads the shard map again when somebody knows a newer one.</summary>
    public async ValueTask CatchUpAsync(long epoch, CancellationToken cancellation)
    {
        if (!Knows(epoch))
        {
            await router!.RefreshAsync(cancellation).ConfigureAwait(false);
        }
    }
}
