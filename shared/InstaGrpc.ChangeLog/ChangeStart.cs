using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>Where a consumer begins.</summary>
public sealed record ChangeStart
{
    private ChangeStart()
    {
    }

    /// <summary>After this position; null: from whatever record is found first, announced by a <see cref="Gap"/>.</summary>
    public ReplayPosition? Position { get; private init; }

    /// <summary>The offset of the record that ends at <see cref="Position"/>; -1 if unknown. A wrong one costs reading the log from its
    /// start.</summary>
    public long OffsetHint { get; private init; } = -1;

    /// <summary>The system identifier that the position belongs to; 0 if unknown.</summary>
    public ulong System { get; private init; }

    /// <summary>Without a position: true begins at the log's first record, false at its newest.</summary>
    public bool FromBeginning { get; private init; }

    /// <summary>Goes on from a position that was reached before.</summary>
    public static ChangeStart After(ReplayPosition position, long offsetHint = -1, ulong system = 0) =>
        new() { Position = position, OffsetHint = offsetHint, System = system };

    /// <summary>With the newest record that is there, or the first that comes. The first batch is a gap.</summary>
    public static ChangeStart Newest { get; } = new();

    /// <summary>With the oldest record that is there. The first batch is a gap.</summary>
    public static ChangeStart Oldest { get; } = new() { FromBeginning = true };
}
