using System.Globalization;
using InstaGrpc.Contracts.ChangesV1;

namespace InstaGrpc.Contracts.Positions;

/// <summary>
/// How far a node's change stream has been followed: timeline, end LSN of a transaction, index of the record in it; ordered in that order.
/// The LSN is the transaction's <b>end</b>: pgoutput's Begin carries the commit record's start, which a follower reports as replayed while
/// it still lacks exactly this commit.
/// </summary>
public readonly record struct ReplayPosition(Timeline Timeline, Lsn Lsn, uint Index) : IComparable<ReplayPosition>
{
    /// <summary>The index that stands for "all of the transaction".</summary>
    public const uint WholeTransaction = uint.MaxValue;

    /// <summary>Before everything.</summary>
    public static ReplayPosition Origin => default;

    /// <summary>All of the transaction that ends at <paramref name="lsn"/>, and everything before it.</summary>
    public static ReplayPosition EndOf(Timeline timeline, Lsn lsn) => new(timeline, lsn, WholeTransaction);

    public bool IsWholeTransaction => Index == WholeTransaction;

    /// <summary>
    /// True if a reader at this position has everything that the token stands for. A token of an earlier timeline is satisfied: what
    /// survived the promotion lies before the stream's Reset. One of a later timeline is not.
    /// </summary>
    public bool Reaches(TokenPosition token) =>
        Timeline > token.Timeline || (Timeline == token.Timeline && this >= token.ToReplayPosition());

    public int CompareTo(ReplayPosition other)
    {
        var order = Timeline.CompareTo(other.Timeline);
        if (order == 0)
        {
            order = Lsn.CompareTo(other.Lsn);
        }

        return order != 0 ? order : Index.CompareTo(other.Index);
    }

    public static bool operator <(ReplayPosition left, ReplayPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(ReplayPosition left, ReplayPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReplayPosition left, ReplayPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReplayPosition left, ReplayPosition right) => left.CompareTo(right) >= 0;

    /// <summary><see cref="Origin"/> for null.</summary>
    public static ReplayPosition FromMessage(Position? message) =>
        message is null ? Origin : new(new Timeline(message.Timeline), new Lsn(message.Lsn), message.Index);

    public Position ToMessage() => new() { Timeline = Timeline.Value, Lsn = Lsn.Value, Index = Index };

    /// <exception cref="FormatException">Not what <see cref="ToString"/> writes.</exception>
    public static ReplayPosition Parse(string text) =>
        TryParse(text, out var position) ? position
            : throw new FormatException($"'{text}' is no position: timeline/LSN#index is expected.");

    public static bool TryParse(ReadOnlySpan<char> text, out ReplayPosition position)
    {
        position = default;
        var index = WholeTransaction;
        var hash = text.IndexOf('#');
        if (hash >= 0)
        {
            if (!uint.TryParse(text[(hash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out index))
            {
                return false;
            }

            text = text[..hash];
        }

        var slash = text.IndexOf('/');
        if (slash < 1
            || !uint.TryParse(text[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var timeline)
            || !Lsn.TryParse(text[(slash + 1)..], out var lsn))
        {
            return false;
        }

        position = new ReplayPosition(new Timeline(timeline), lsn, index);
        return true;
    }

    /// <summary><c>1/16/B374D848#3</c>; without <c>#…</c> for a whole transaction.</summary>
    public override string ToString() => IsWholeTransaction ? $"{Timeline}/{Lsn}" : $"{Timeline}/{Lsn}#{Index}";
}
