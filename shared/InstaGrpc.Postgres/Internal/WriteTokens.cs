using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Postgres.Internal;

internal sealed class WriteTokens : IWriteTokens
{
    private ReadToken _token = ReadToken.Empty;

    public ReadToken Token => Volatile.Read(ref _token);

    public void Add(NodeName node, TokenPosition position)
    {
        ReadToken before, after;
        do
        {
            before = Volatile.Read(ref _token);
            after = before.With(node, position);
        }
        while (Interlocked.CompareExchange(ref _token, after, before) != before);
    }
}
