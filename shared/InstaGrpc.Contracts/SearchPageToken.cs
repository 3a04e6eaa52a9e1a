using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace InstaGrpc.Contracts;

/// <summary>
/// Where a search goes on, as <see cref="PageToken"/> says it for a list: results are ordered by word, then by id descending, so both are
/// in it. The checksum covers method and prefix: a token of another search is refused.
/// </summary>
/// <param name="Term">The word that the last result was found by.</param>
/// <param name="LastId">Its id.</param>
public readonly record struct SearchPageToken(string Term, long LastId)
{
    private const byte Version = 2;
    private const int HeaderLength = 9;
    private const int ChecksumLength = 8;

    // A word has at most 64 UTF-16 characters, a user's name less.
    private const int LongestTerm = SearchWords.Longest * 3;

    /// <summary>The token's text.</summary>
    /// <param name="method">The method's full name.</param>
    /// <param name="prefix">What is searched for.</param>
    public string Encode(string method, string prefix)
    {
        Span<byte> bytes = stackalloc byte[HeaderLength + LongestTerm + ChecksumLength];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], LastId);
        var payload = HeaderLength + Encoding.UTF8.GetBytes(Term, bytes[HeaderLength..^ChecksumLength]);
        PageToken.Checksum($"{method}\0{prefix}", bytes[..payload], bytes[payload..]);
        return Base64Url.EncodeToString(bytes[..(payload + ChecksumLength)]);
    }

    /// <summary>Reads a token that <see cref="Encode"/> made for this search; false for everything else.</summary>
    public static bool TryDecode(string text, string method, string prefix, out SearchPageToken token)
    {
        token = default;
        Span<byte> bytes = stackalloc byte[HeaderLength + LongestTerm + ChecksumLength];
        if (text.Length > Base64Url.GetEncodedLength(bytes.Length)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written <= HeaderLength + ChecksumLength || bytes[0] != Version)
        {
            return false;
        }

        var payload = written - ChecksumLength;
        Span<byte> expected = stackalloc byte[ChecksumLength];
        PageToken.Checksum($"{method}\0{prefix}", bytes[..payload], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[payload..written])
            || !string.Equals(Base64Url.EncodeToString(bytes[..written]), text, StringComparison.Ordinal))
        {
            return false;
        }

        token = new SearchPageToken(Encoding.UTF8.GetString(bytes[HeaderLength..payload]), BinaryPrimitives.ReadInt64BigEndian(bytes[1..]));
        return true;
    }
}
