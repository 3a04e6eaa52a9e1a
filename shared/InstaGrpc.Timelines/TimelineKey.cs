using System.Text;
using System.Text.Unicode;

namespace InstaGrpc.Timelines;

/// <summary>
/// The memcached keys of timelines: <c>&lt;prefix&gt;t|&lt;incarnation&gt;|&lt;user&gt;</c>, where the incarnation is the owner's on the ring
/// (what was written to a server before it was given up is never read again). The ring hashes <c>&lt;prefix&gt;t|&lt;user&gt;</c>: the owner must be
/// known before its incarnation is.
/// </summary>
public sealed class TimelineKey
{
    /// <summary>The longest key that this writes, in bytes.</summary>
    public const int MostBytes = MostPrefixBytes + 2 + 10 + 1 + 19;

    private const int MostPrefixBytes = 40;

    /// <param name="prefix">The mesh's (<c>Insta:Prefix</c>): at most 40 printable ASCII characters without space and '|'.</param>
    /// <exception cref="ArgumentException">It is not.</exception>
    public TimelineKey(string prefix)
    {
        if (prefix.Length > MostPrefixBytes || prefix.AsSpan().ContainsAnyExceptInRange('!', '~') || prefix.Contains('|', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"Insta:Prefix is \"{prefix}\": give at most {MostPrefixBytes} printable ASCII characters without space and '|'.", nameof(prefix));
        }

        Prefix = prefix;
    }

    /// <summary>The mesh's prefix.</summary>
    public string Prefix { get; }

    /// <summary>Writes the key that the ring hashes.</summary>
    /// <returns>Its length.</returns>
    public int WriteRingKey(long user, Span<byte> key)
    {
        Utf8.TryWrite(key, $"{Prefix}t|{user}", out var length);
        return length;
    }

    /// <summary>Writes the key that is stored.</summary>
    /// <returns>Its length.</returns>
    public int Write(long user, int incarnation, Span<byte> key)
    {
        Utf8.TryWrite(key, $"{Prefix}t|{incarnation}|{user}", out var length);
        return length;
    }

    /// <summary>The key that is stored, as text.</summary>
    public string Text(long user, int incarnation = 1)
    {
        Span<byte> key = stackalloc byte[MostBytes];
        return Encoding.ASCII.GetString(key[..Write(user, incarnation, key)]);
    }
}
