using System.Security.Cryptography;
using System.Text;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>A password as it is stored: PBKDF2 (RFC 8018) with HMAC-SHA512.</summary>
internal sealed record PasswordHash(int Iterations, byte[] Salt, byte[] Hash)
{
    public const string Algorithm = "pbkdf2-sha512";

    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>With a salt of its own.</summary>
    public static PasswordHash Of(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(iterations, salt, Derive(password, salt, iterations));
    }

    /// <summary>A hash that no password has, which takes as long to compare: for a user who is not there.</summary>
    public static PasswordHash OfNobody(int iterations) => new(iterations, new byte[SaltBytes], RandomNumberGenerator.GetBytes(HashBytes));

    public bool Fits(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, Salt, Iterations), Hash);

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}
