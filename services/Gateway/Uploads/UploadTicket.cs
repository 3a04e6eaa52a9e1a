using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace InstaGrpc.Services.Gateway.Uploads;

/// <summary>The right to upload one photo, as part of a URL: by whom, how long it is, until when, under the gateway's MAC.</summary>
/// <param name="User">Who uploads.</param>
/// <param name="Length">The photo's bytes.</param>
/// <param name="Expires">Until when the upload may begin; s since 1970.</param>
internal readonly record struct UploadTicket(long User, long Length, long Expires)
{
    private const int Payload = 3 * sizeof(long);
    private const int Bytes = Payload + HMACSHA256.HashSizeInBytes;

    public string Write(byte[] secret)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, User);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], Length);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], Expires);
        Mac(secret, bytes[..Payload], bytes[Payload..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>False: the gateway did not write it.</summary>
    public static bool TryRead(string text, byte[] secret, out UploadTicket ticket)
    {
        ticket = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (text.Length != Base64Url.GetEncodedLength(Bytes)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != Bytes)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(secret, bytes[..Payload], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[Payload..]))
        {
            return false;
        }

        ticket = new UploadTicket(
            BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[16..]));
        return true;
    }

    // A purpose of its own: the secret also stands behind refresh tokens.
    private static void Mac(byte[] secret, ReadOnlySpan<byte> payload, Span<byte> mac)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData("insta upload\0"u8);
        hmac.AppendData(payload);
        hmac.GetHashAndReset(mac);
    }
}
