using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>
/// What a session is continued with: whose it is, which family, which generation, under the gateway's MAC. Opaque to everybody else. A generation
/// has one token, so that whoever asks twice gets the same; nothing that could be used is stored.
/// </summary>
internal readonly record struct RefreshToken(long User, Guid Family, int Generation)
{
    private const int Payload = 8 + 16 + 4;
    private const int Length = Payload + HMACSHA256.HashSizeInBytes;

    /// <summary>The token as text.</summary>
    public string Write(byte[] secret)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, User);
        Family.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(bytes[24..], Generation);
        Mac(secret, bytes[..Payload], bytes[Payload..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>False: the gateway did not write it.</summary>
    public static bool TryRead(string text, byte[] secret, out RefreshToken token)
    {
        token = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (text.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(secret, bytes[..Payload], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[Payload..]))
        {
            return false;
        }

        token = new RefreshToken(
            BinaryPrimitives.ReadInt64BigEndian(bytes), new Guid(bytes.Slice(8, 16), bigEndian: true),
            BinaryPrimitives.ReadInt32BigEndian(bytes[24..]));
        return true;
    }

    // A purpose of its own: the secret also stands behind upload URLs.
    private static void Mac(byte[] secret, ReadOnlySpan<byte> payload, Span<byte> mac)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData("insta refresh token\0"u8);
        hmac.AppendData(payload);
        hmac.GetHashAndReset(mac);
    }
}
