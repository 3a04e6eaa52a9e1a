using System.Security.Cryptography;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Encrypts keys where they are stored: AES-256-GCM, as nonce, tag, text; bound to the key's name.</summary>
internal sealed class KeyWrapping(GatewayOptions options)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;

    private readonly Lazy<byte[]?> _key = new(() => Parse(options.KeyEncryptionKey.Trim()));

    /// <summary>Whether a key is given.</summary>
    /// <exception cref="InvalidOperationException">The setting is not 32 bytes of base64.</exception>
    public bool IsOn => _key.Value is not null;

    public byte[] Wrap(string kid, byte[] material)
    {
        if (_key.Value is not { } key)
        {
            return material;
        }

        var wrapped = new byte[NonceBytes + TagBytes + material.Length];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(
            wrapped.AsSpan(0, NonceBytes), material, wrapped.AsSpan(NonceBytes + TagBytes), wrapped.AsSpan(NonceBytes, TagBytes),
            System.Text.Encoding.UTF8.GetBytes(kid));
        return wrapped;
    }

    /// <exception cref="InvalidOperationException">It was encrypted with another key, or none is set.</exception>
    public byte[] Unwrap(string kid, byte[] stored, bool wrapped)
    {
        if (!wrapped)
        {
            return stored;
        }

        if (_key.Value is not { } key)
        {
            throw new InvalidOperationException("The gateway's keys are encrypted: set Insta:Gateway:KeyEncryptionKey.");
        }

        var material = new byte[stored.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(
                stored.AsSpan(0, NonceBytes), stored.AsSpan(NonceBytes + TagBytes), stored.AsSpan(NonceBytes, TagBytes), material,
                System.Text.Encoding.UTF8.GetBytes(kid));
        }
        catch (CryptographicException e)
        {
            throw new InvalidOperationException("The gateway's keys were encrypted with another Insta:Gateway:KeyEncryptionKey than this one.", e);
        }

        return material;
    }

    private static byte[]? Parse(string setting)
    {
        if (setting.Length == 0)
        {
            return null;
        }

        var key = new byte[2 * KeyBytes];
        return Convert.TryFromBase64String(setting, key, out var length) && length == KeyBytes
            ? key[..KeyBytes]
            : throw new InvalidOperationException(
                "Insta:Gateway:KeyEncryptionKey must be 32 bytes in base64: make one with `openssl rand -base64 32`");
    }
}
