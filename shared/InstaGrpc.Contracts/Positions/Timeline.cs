using System.Globalization;

namespace InstaGrpc.Contracts.Positions;

/// <summary>
/// A PostgreSQL timeline: it rises with every promotion. LSNs of two timelines can't be compared without it: a promoted standby that lagged
/// counts on from behind the old primary.
/// </summary>
public readonly record struct Timeline(uint Value) : IComparable<Timeline>
{
    /// <summary>From the first 8 characters of <c>pg_walfile_name(…)</c>, which are hexadecimal.</summary>
    /// <exception cref="FormatException">Not a WAL file name.</exception>
    public static Timeline FromWalFileName(string walFileName) =>
        walFileName.Length >= 8
        && uint.TryParse(walFileName.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new Timeline(value)
            : throw new FormatException($"'{walFileName}' is no WAL file name.");

    public int CompareTo(Timeline other) => Value.CompareTo(other.Value);

    public static bool operator <(Timeline left, Timeline right) => left.Value < right.Value;

    public static bool operator >(Timeline left, Timeline right) => left.Value > right.Value;

    public static bool operator <=(Timeline left, Timeline right) => left.Value <= right.Value;

    public static bool operator >=(Timeline left, Timeline right) => left.Value >= right.Value;

    /// <summary>Decimal, as <c>pg_control_checkpoint()</c> shows it.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
