using System.Buffers;
using System.Buffers.Text;
using System.Text;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Keys;

/// <summary>
/// Where things lie in memcached. Readers and invalidators must agree on every byte:
/// <list type="bullet">
/// <item>entry, and version item of a list: <c>&lt;prefix&gt;&lt;node&gt;.&lt;generation&gt;|&lt;method&gt;|&lt;epoch&gt;.&lt;number&gt;|&lt;fields&gt;</c>;</item>
/// <item>page of a list: the version item's key and <c>|&lt;version&gt;|&lt;other fields&gt;</c>;</item>
/// <item>watermark: <c>&lt;prefix&gt;wm|&lt;node&gt;</c>; refill right: <c>&lt;prefix&gt;r|&lt;key&gt;</c>; trace of a sampled write:
/// <c>&lt;prefix&gt;tr|&lt;key&gt;</c>.</item>
/// </list>
/// The ring hashes an entry's key without <c>.&lt;generation&gt;</c>, and a page's as its version item's.
/// </summary>
public static class KeyLayout
{
    /// <summary>Longest key of an entry, in bytes; with longer ones the fields are replaced by their hash.</summary>
    public const int MaxKeyBytes = 200;

    /// <summary>Longest prefix, in bytes.</summary>
    public const int MaxPrefixBytes = 40;

    /// <summary>Bytes that the generation takes in a key: a dot and 16 hexadecimal digits.</summary>
    public const int GenerationBytes = 17;

    /// <summary>Key of a node's watermark, the same on every server.</summary>
    public static byte[] Watermark(string prefix, NodeName node) => Encoding.ASCII.GetBytes($"{prefix}wm|{node}");

    /// <summary>Key of the item that rations the refills of a key.</summary>
    public static byte[] RefillRight(string prefix, ReadOnlySpan<byte> key) => Concat(prefix, "r|"u8, key);

    /// <summary>Key of the trace context that a sampled write leaves for whoever refills the key.</summary>
    public static byte[] Trace(string prefix, ReadOnlySpan<byte> key) => Concat(prefix, "tr|"u8, key);

    /// <summary>Key of an entry in a namespace of the lease cache.</summary>
    /// <param name="prefix">The mesh's.</param>
    /// <param name="directory">The directory's node, whose generation and lag hold.</param>
    /// <param name="name">"namespace/key", 1 to 200 bytes of UTF-8 by its own rule, or longer: then hashed.</param>
    public static CacheKey Namespace(string prefix, NodeName directory, string name)
    {
        var writer = new KeyWriter(stackalloc byte[512]);
        try
        {
            writer.Begin(Encoding.ASCII.GetBytes($"{prefix}{directory}|ns|"), prefix.Length + directory.Value.Length);
            KeyEncoder.AppendText(ref writer, name);
            writer.Shorten();
            return writer.ToKey();
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>Checks a prefix.</summary>
    /// <exception cref="ArgumentException">It is too long or has a byte that no key may have.</exception>
    public static string Checked(string prefix)
    {
        if (prefix.Length > MaxPrefixBytes || prefix.AsSpan().ContainsAnyExceptInRange('!', '~') || prefix.Contains('|'))
        {
            throw new ArgumentException(
                $"Insta:Prefix is \"{prefix}\": give at most {MaxPrefixBytes} printable ASCII characters without space and '|'.", nameof(prefix));
        }

        return prefix;
    }

    internal static int InsertGeneration(ReadOnlySpan<byte> ring, int at, ulong generation, Span<byte> destination)
    {
        ring[..at].CopyTo(destination);
        destination[at] = (byte)'.';
        Utf8Formatter.TryFormat(generation, destination[(at + 1)..], out _, new StandardFormat('x', 16));
        ring[at..].CopyTo(destination[(at + GenerationBytes)..]);
        return ring.Length + GenerationBytes;
    }

    private static byte[] Concat(string prefix, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> key)
    {
        var result = new byte[prefix.Length + kind.Length + key.Length];
        Encoding.ASCII.GetBytes(prefix, result);
        kind.CopyTo(result.AsSpan(prefix.Length));
        key.CopyTo(result.AsSpan(prefix.Length + kind.Length));
        return result;
    }
}
