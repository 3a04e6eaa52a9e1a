using System.Globalization;

namespace InstaGrpc.Contracts.Positions;

/// <summary>A byte position in PostgreSQL's write-ahead log; as text <c>16/B374D848</c>. Comparable within one <see cref="Timeline"/>
/// only.</summary>
public readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    /// <exception cref="FormatException">Not of the form <c>16/B374D848</c>.</exception>
    public static Lsn Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var lsn) ? lsn
            : throw new FormatException($"'{text}' is no LSN: two hexadecimal numbers with a slash between are expected.");

    public static bool TryParse(ReadOnlySpan<char> text, out Lsn lsn)
    {
        lsn = default;
        var slash = text.IndexOf('/');
        if (slash is < 1 or > 8 || text.Length - slash - 1 is < 1 or > 8
            || !uint.TryParse(text[..slash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            || !uint.TryParse(text[(slash + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low))
        {
            return false;
        }

        lsn = new Lsn(((ulong)high << 32) | low);
        return true;
    }

    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    public static bool operator <(Lsn left, Lsn right) => left.Value < right.Value;

    public static bool operator >(Lsn left, Lsn right) => left.Value > right.Value;

    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;

    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X}/{(uint)Value:X}");
}
