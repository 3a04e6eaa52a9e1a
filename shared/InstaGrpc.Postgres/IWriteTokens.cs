using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres;

/// <summary>Collects the tokens of a run's writes. Scoped; the mesh reads <see cref="Token"/> into the trailer.</summary>
public interface IWriteTokens
{
    /// <summary>The newest position per node that was written; empty: nothing was.</summary>
    ReadToken Token { get; }

    /// <summary>May be called from several threads.</summary>
    void Add(NodeName node, TokenPosition position);
}
