namespace InstaGrpc.Memcached;

/// <summary>The flags of an <c>mg</c>. The default asks for the value and its CAS and takes no lease.</summary>
public readonly record struct MetaGet
{
    /// <summary>Asks for the value and its CAS.</summary>
    public MetaGet()
    {
    }

    /// <summary>Asks for the value and its CAS, and for the right to fill it: <c>v c N&lt;seconds&gt;</c>.</summary>
    public static MetaGet Lease(int seconds) => new() { LeaseSeconds = seconds };

    /// <summary>What to return. Value and CAS by default.</summary>
    public MetaReturn Return { get; init; } = MetaReturn.Value | MetaReturn.Cas;

    /// <summary><c>N</c>: if absent, leave an empty item that lives this many seconds and give this caller the right to fill it
    /// (<see cref="MetaReply.Won"/>); all others see <see cref="MetaReply.AlreadyWon"/>. Null: a miss stays a miss.</summary>
    public int? LeaseSeconds { get; init; }

    /// <summary><c>R</c>: if the item has fewer seconds to live than this, one caller is given the right to refill it early. Null:
    /// nobody.</summary>
    public int? RefreshBelowSeconds { get; init; }

    /// <summary><c>T</c>: the item lives this many seconds from now, 0 for ever. Null: its time is left alone.</summary>
    public int? TouchSeconds { get; init; }
}
