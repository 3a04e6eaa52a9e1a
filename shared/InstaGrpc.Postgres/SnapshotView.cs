using System.Globalization;

namespace InstaGrpc.Postgres;

/// <summary>
/// A <c>pg_current_snapshot()</c>: which transactions other sessions see. One query answers for a whole batch, since the rule of
/// <c>pg_visible_in_snapshot</c> needs nothing but the text.
/// </summary>
public sealed class SnapshotView
{
    private readonly ulong[] _inProgress;

    private SnapshotView(ulong xmin, ulong xmax, ulong[] inProgress)
    {
        Xmin = xmin;
        Xmax = xmax;
        _inProgress = inProgress;
    }

    /// <summary>Every transaction before it has ended.</summary>
    public ulong Xmin { get; }

    /// <summary>Every transaction from it on had not ended.</summary>
    public ulong Xmax { get; }

    /// <summary>Reads <c>xmin:xmax:xip,xip…</c>.</summary>
    /// <exception cref="FormatException">Something else.</exception>
    public static SnapshotView Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 3)
        {
            throw new FormatException($"'{text}' is no snapshot.");
        }

        var inProgress = parts[2].Length == 0 ? [] : Array.ConvertAll(parts[2].Split(','), Number);
        Array.Sort(inProgress);
        return new SnapshotView(Number(parts[0]), Number(parts[1]), inProgress);

        static ulong Number(string digits) => ulong.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public bool IsVisible(ulong xid) => xid < Xmin || (xid < Xmax && Array.BinarySearch(_inProgress, xid) < 0);

    /// <summary>
    /// The 64 bits of a 32-bit transaction number: the value nearest to xmax. Both taking xmax's upper half and subtracting an epoch from what
    /// is above xmax are wrong near the wrap, where a decoded transaction may be newer than the snapshot.
    /// </summary>
    public ulong Widen(uint xid) => (ulong)((long)Xmax + (int)(xid - (uint)Xmax));
}
