using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace InstaGrpc.Contracts;

/// <summary>
/// Where a list goes on: opaque to callers. It holds a version, the list's owner, the last id that was given and a checksum over these
/// and the list's name, so that a token of another list, of another owner or made up is refused. It is no secret and grants nothing.
/// </summary>
/// <param name="Owner">The id that the list belongs to (the user, the post).</param>
/// <param name="LastId">The last id of the page before; the next page starts after it.</param>
public readonly record struct PageToken(long Owner, long LastId)
{
    private const byte Version = 1;
    private const int PayloadLength = 17;
    private const int ChecksumLength = 8;
    private const int Length = PayloadLength + ChecksumLength;

    /// <summary>The token's text.</summary>
    /// <param name="list">The list's name, for instance the method's full name.</param>
    public string Encode(string list)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], Owner);
        BinaryPrimitives.WriteInt64BigEndian(bytes[9..], LastId);
        Checksum(list, bytes[..PayloadLength], bytes[PayloadLength..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token that <see cref="Encode"/> made for this list and owner; false for everything else.</summary>
    public static bool TryDecode(string text, string list, long owner, out PageToken token)
    {
        token = default;
        Span<byte> bytes = stackalloc byte[Length];
        // Not TryDecodeFromChars: it throws for a character outside the alphabet.
        if (text.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != Length || bytes[0] != Version)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[ChecksumLength];
        Checksum(list, bytes[..PayloadLength], expected);
        var read = new PageToken(BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadInt64BigEndian(bytes[9..]));

        // The last comparison refuses a second spelling of the same bytes (base64 has unused bits), which would be a second cache key.
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[PayloadLength..]) || read.Owner != owner
            || !string.Equals(Base64Url.EncodeToString(bytes), text, StringComparison.Ordinal))
        {
            return false;
        }

        token = read;
        return true;
    }

    internal static void Checksum(string list, ReadOnlySpan<byte> payload, Span<byte> checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("insta-page-token\0"u8);
        hash.AppendData(Encoding.UTF8.GetBytes(list));
        hash.AppendData("\0"u8);
        hash.AppendData(payload);
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        digest[..ChecksumLength].CopyTo(checksum);
    }
}
