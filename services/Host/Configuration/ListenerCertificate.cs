using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace InstaGrpc.Host.Configuration;

/// <summary>The certificate of a listener, as the configuration names it.</summary>
internal static class ListenerCertificate
{
    public static bool IsNamed(ProcessOptions.CertificateOptions options) => !string.IsNullOrEmpty(options.Path);

    /// <exception cref="UsageException">It can't be used; the message says why.</exception>
    public static X509Certificate2 Load(ProcessOptions.CertificateOptions options)
    {
        try
        {
            if (Path.GetExtension(options.Path)!.ToLowerInvariant() is ".pfx" or ".p12")
            {
                return X509CertificateLoader.LoadPkcs12FromFile(options.Path!, options.Password);
            }
            return string.IsNullOrEmpty(options.Password)
                ? X509Certificate2.CreateFromPemFile(options.Path!, options.KeyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(options.Path!, options.Password, options.KeyPath);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"Insta:Web:Certificate:Path is {options.Path}, which can't be used: {e.Message}");
        }
    }
}
