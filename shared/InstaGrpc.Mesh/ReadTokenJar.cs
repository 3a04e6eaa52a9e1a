using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Mesh;

/// <summary>
/// Keeps read-your-writes tokens, the newest per node. Within a call the mesh keeps one by itself: tokens of the request and of
/// everything that the handler called go out with its further calls and in its trailers. A program that calls from outside keeps one
/// for as long as it wants to read its own writes.
/// </summary>
public sealed class ReadTokenJar
{
    private ReadToken _token = ReadToken.Empty;

    /// <summary>The newest token per node.</summary>
    public ReadToken Token => Volatile.Read(ref _token);

    /// <summary>Adds tokens; the newest per node stays.</summary>
    public void Add(ReadToken token)
    {
        if (token.IsEmpty)
        {
            return;
        }

        var known = Token;
        while (true)
        {
            var merged = known.With(token);
            if (ReferenceEquals(merged, known))
            {
                return;
            }

            var seen = Interlocked.CompareExchange(ref _token, merged, known);
            if (ReferenceEquals(seen, known))
            {
                return;
            }

            known = seen;
        }
    }

    /// <summary>Adds one node's position.</summary>
    public void Add(NodeName node, TokenPosition position) => Add(ReadToken.Of(node, position));

    /// <summary>One node's position.</summary>
    public bool TryGet(NodeName node, out TokenPosition position) => Token.TryGet(node, out position);
}
