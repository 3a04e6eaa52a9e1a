using System.Security.Cryptography;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>Encrypts keys where they are stored: AES-256-GCM, as nonce, tag, text; bound to the key's name.</summary>
internal sealed class KeyWrapping
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[]? _key;

    /// <exception cref="InvalidOperationException">The setting is not 32 bytes of base64.</exception>
    public KeyWrapping(GatewayOptions options)
    {
        if (options.KeyEncryptionKey.Length == 0)
        {
            return;
        }

        var key = new byte[64];
        if (!Convert.TryFromBase64String(options.KeyEncryptionKey.Trim(), key, out var length) || length != 32)
        {
            throw new InvalidOperationException(
                "Insta:Gateway:KeyEncryptionKey must be 32 bytes in base64: make one with `openssl rand -base64 32`");
        }

        _key = key[..32];
    }

    public bool IsOn => _key is not null;

    public byte[] Wrap(string kid, byte[] material)
    {
        if (_key is null)
        {
            return material;
        }

        var wrapped = new byte[NonceBytes + TagBytes + material.Length];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_key, TagBytes);
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

        if (_key is null)
        {
            throw new InvalidOperationException("The gateway's keys are encrypted: set Insta:Gateway:KeyEncryptionKey.");
        }

        var material = new byte[stored.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(_key, TagBytes);
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
}
