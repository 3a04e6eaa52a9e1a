using System.Buffers;
using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Mesh;

/// <summary>Checks that many methods share. Each throws an <see cref="InvalidFieldException"/> that names the field, and else gives the
/// value
/// back.</summary>
public sealed class RequestFields(TimeProvider time)
{
    /// <summary>The longest request_id, in characters.</summary>
    public const int LongestRequestId = 64;

    /// <summary>The longest name of a user.</summary>
    public const int LongestName = 30;

    /// <summary>The most entries of a batch.</summary>
    public const int LargestBatch = 100;

    // Ids are made in windows that reach a little into the future; whatever clocks do, none is made for so long ahead.
    private static readonly TimeSpan _slack = TimeSpan.FromDays(3650);
    private static readonly SearchValues<char> _nameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._");

    /// <summary>An id: above 0, and not of a time that lies many years ahead.</summary>
    public long Id(long value, string field)
    {
        if (value <= 0)
        {
            throw new InvalidFieldException(field, "must be an id: a number above 0");
        }

        return new InstaId(value).Time - time.GetUtcNow() < _slack
            ? value
            : throw new InvalidFieldException(field, "is no id: its time lies more than ten years ahead");
    }

    /// <summary>The ids of a batch: at most 100, each an <see cref="Id"/>.</summary>
    public IReadOnlyList<long> Ids(IReadOnlyList<long> values, string field)
    {
        if (values.Count > LargestBatch)
        {
            throw new InvalidFieldException(field, $"has {values.Count} entries; at most {LargestBatch} are allowed");
        }

        for (var i = 0; i < values.Count; i++)
        {
            Id(values[i], $"{field}[{i}]");
        }

        return values;
    }

    /// <summary>A text of <paramref name="shortest"/> to <paramref name="longest"/> characters (Unicode code points).</summary>
    public string Text(string value, string field, int shortest, int longest)
    {
        // U+0000 is a character that PostgreSQL's text can't hold.
        if (value.Contains('\0'))
        {
            throw new InvalidFieldException(field, "must not contain U+0000");
        }

        var length = 0;
        foreach (var _ in value.EnumerateRunes())
        {
            length++;
        }

        return length >= shortest && length <= longest
            ? value
            : throw new InvalidFieldException(field, $"must be {shortest} to {longest} characters long, not {length}");
    }

    /// <summary>The caller's name for a write: 1 to 64 characters.</summary>
    public string RequestId(string value, string field = "request_id") => Text(value, field, 1, LongestRequestId);

    /// <summary>A user's name: 1 to 30 of [a-z0-9._].</summary>
    public string Name(string value, string field = "name") =>
        IsName(value)
            ? value
            : throw new InvalidFieldException(field, $"must be 1 to {LongestName} characters of [a-z0-9._]");

    /// <summary>Whether a user may have this name, and so whether names may begin with it.</summary>
    public static bool IsName(string value) =>
        value.Length is >= 1 and <= LongestName && !value.AsSpan().ContainsAnyExcept(_nameCharacters);
}
