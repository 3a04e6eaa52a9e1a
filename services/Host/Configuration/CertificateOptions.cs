namespace InstaGrpc.Host.Configuration;

/// <summary>The certificate of the web listener, from <c>Insta:Web:Certificate</c>.</summary>
public sealed class CertificateOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Web:Certificate";

    /// <summary>
    /// A PEM file (the certificate, then those between it and its root), or a PKCS #12 file (.pfx, .p12). A file that has changed is read again.
    /// </summary>
    /// <value>Null: no TLS.</value>
    public string? Path { get; set; }

    /// <summary>The PEM file of the private key.</summary>
    /// <value>Null: it stands in <see cref="Path"/>.</value>
    public string? KeyPath { get; set; }

    /// <summary>Of the private key.</summary>
    /// <value>Null: it has none.</value>
    public string? Password { get; set; }
}
