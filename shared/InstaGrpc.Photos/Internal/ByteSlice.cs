using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Photos.Internal;

/// <summary>What a Range header asks for (RFC 9110, 14.2): one range of bytes. Several at once are answered with the whole, which is allowed.</summary>
/// <param name="From">The first byte.</param>
/// <param name="Count">How many; 0: none of them is there.</param>
internal readonly record struct ByteSlice(long From, long Count)
{
    private const string Unit = "bytes=";

    public bool IsPossible => Count > 0;

    /// <summary>Null: the whole.</summary>
    public static ByteSlice? Of(HttpRequest request, string tag, long length)
    {
        var text = request.Headers.Range.ToString();
        if (!text.StartsWith(Unit, StringComparison.OrdinalIgnoreCase) || text.Contains(',', StringComparison.Ordinal))
        {
            return null;
        }

        // The client has a part of something else.
        if (request.Headers.IfRange is { Count: > 0 } ifRange && ifRange.ToString() != tag)
        {
            return null;
        }

        var span = text.AsSpan(Unit.Length).Trim();
        var dash = span.IndexOf('-');
        if (dash < 0)
        {
            return null;
        }

        var (hasFirst, first) = Number(span[..dash]);
        var (hasLast, last) = Number(span[(dash + 1)..]);
        return (hasFirst, hasLast) switch
        {
            (true, true) when last >= first => Clip(first, last - first + 1, length),
            (true, false) when dash == span.Length - 1 => Clip(first, long.MaxValue, length),
            (false, true) when dash == 0 => Clip(Math.Max(0, length - last), last, length),
            _ => null,
        };
    }

    private static ByteSlice Clip(long from, long count, long length) => from < length ? new ByteSlice(from, Math.Min(count, length - from)) : default;

    private static (bool Is, long Value) Number(ReadOnlySpan<char> text) =>
        (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value), value);
}
