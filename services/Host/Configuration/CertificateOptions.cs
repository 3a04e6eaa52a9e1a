using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace InstaGrpc.Host.Configuration;

/// <summary>The certificate of a listener. Read once, at start.</summary>
public sealed class CertificateOptions
{
    /// <summary>A PEM file (the certificate, then those between it and its root), or a PKCS #12 file (.pfx, .p12).</summary>
    /// <value>Null: no TLS.</value>
    public string? Path { get; set; }

    /// <summary>The PEM file of the private key.</summary>
    /// <value>Null: it stands in <see cref="Path"/>.</value>
    public string? KeyPath { get; set; }

    /// <summary>Of the private key.</summary>
    /// <value>Null: it has none.</value>
    public string? Password { get; set; }

    /// <summary>Null: none is named.</summary>
    /// <exception cref="UsageException">It can't be used; the message says why.</exception>
    internal X509Certificate2? Load()
    {
        if (string.IsNullOrEmpty(Path)) return null;
        try
        {
            if (System.IO.Path.GetExtension(Path).ToLowerInvariant() is ".pfx" or ".p12")
            {
                return X509CertificateLoader.LoadPkcs12FromFile(Path, Password);
            }
            return string.IsNullOrEmpty(Password)
                ? X509Certificate2.CreateFromPemFile(Path, KeyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(Path, Password, KeyPath);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"Insta:Web:Certificate:Path is {Path}, which can't be used: {e.Message}");
        }
    }
}
