using System.Buffers.Binary;

namespace InstaGrpc.Photos;

/// <summary>The SHA-256 of a blob's bytes, which is also its name: the same bytes are the same blob.</summary>
/// <param name="Hex">64 hexadecimal digits in lower case.</param>
public readonly record struct BlobId(string Hex)
{
    private const int Digits = 64;

    /// <summary>The 32 bytes.</summary>
    public byte[] Bytes => Convert.FromHexString(Hex);

    /// <summary>Where its rows live: an id of the logical shard that the hash's last 13 bits name.</summary>
    public long RoutingId
    {
        get
        {
            var low = BinaryPrimitives.ReadUInt64BigEndian(Bytes.AsSpan(24));
            // Ten bits of sequence below the shard, as in every id, and no sign.
            return (long)((low << 10) & long.MaxValue);
        }
    }

    /// <summary>Of a hash.</summary>
    public static BlobId Of(ReadOnlySpan<byte> sha256) => new(Convert.ToHexStringLower(sha256));

    /// <summary>False: it is no such text.</summary>
    public static bool TryParse(string? text, out BlobId blob)
    {
        blob = new BlobId(text ?? "");
        return text is { Length: Digits } && !text.AsSpan().ContainsAnyExcept("0123456789abcdef");
    }

    /// <inheritdoc />
    public override string ToString() => Hex;
}
