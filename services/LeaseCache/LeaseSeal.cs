using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace InstaGrpc.Services.LeaseCache;

/// <summary>The form of a lease's token on the wire: the cache's own, and a checksum over it and the key that it was given for. So a token
/// that was cut, made up, or given for another key is told from one that came too late.</summary>
/// <remarks>It keeps mistakes apart, not attackers: callers are services of the mesh, who may fill and invalidate what they like. It needs
/// no secret, so any replica takes another's.</remarks>
internal static class LeaseSeal
{
    private const int ChecksumBytes = 8;

    public static ByteString Seal(string key, ReadOnlySpan<byte> token)
    {
        var bytes = new byte[token.Length + ChecksumBytes];
        token.CopyTo(bytes);
        Checksum(key, token, bytes.AsSpan(token.Length));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The cache's token, which is empty for a lease that was given while there was no cache. False: this is none.</summary>
    public static bool TryOpen(string key, ByteString wire, out ReadOnlyMemory<byte> token)
    {
        token = default;
        if (wire.Length < ChecksumBytes)
        {
            return false;
        }
        var inner = wire.Memory[..^ChecksumBytes];
        Span<byte> expected = stackalloc byte[ChecksumBytes];
        Checksum(key, inner.Span, expected);
        if (!wire.Span[^ChecksumBytes..].SequenceEqual(expected))
        {
            return false;
        }
        token = inner;
        return true;
    }

    private static void Checksum(string key, ReadOnlySpan<byte> token, Span<byte> checksum)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // The key's hash, not the key: where it ends and the token begins must not be a matter of taste.
        hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        hash.AppendData(token);
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(whole);
        whole[..ChecksumBytes].CopyTo(checksum);
    }
}
