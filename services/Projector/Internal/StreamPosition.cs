using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector.Internal;

/// <summary>A row of <c>stream_positions</c>.</summary>
internal sealed record StreamPosition(ReplayPosition Position, long Offset, ulong System)
{
    public ChangeStart ToStart() => ChangeStart.After(Position, Offset, System);
}
