using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>A key of access tokens (P-256).</summary>
internal sealed class SigningKey
{
    private SigningKey(string kid, ECDsa key, DateTimeOffset activatesAt)
    {
        Key = new ECDsaSecurityKey(key) { KeyId = kid };
        Credentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256);
        ActivatesAt = activatesAt;
    }

    public string Kid => Key.KeyId;

    public ECDsaSecurityKey Key { get; }

    public SigningCredentials Credentials { get; }

    /// <summary>When it begins to sign, by this process's clock.</summary>
    public DateTimeOffset ActivatesAt { get; }

    /// <param name="kid">Its name in tokens.</param>
    /// <param name="material">The private key, SEC 1.</param>
    /// <param name="activatesAt">When it begins to sign.</param>
    public static SigningKey Read(string kid, byte[] material, DateTimeOffset activatesAt)
    {
        var key = ECDsa.Create();
        key.ImportECPrivateKey(material, out _);
        return new SigningKey(kid, key, activatesAt);
    }

    public static byte[] NewMaterial()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportECPrivateKey();
    }

    /// <summary>The public half as RFC 7517 has it.</summary>
    public object ToJwk()
    {
        var point = Key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new
        {
            kty = "EC",
            crv = "P-256",
            use = "sig",
            alg = SecurityAlgorithms.EcdsaSha256,
            kid = Kid,
            x = Base64UrlEncoder.Encode(point.X),
            y = Base64UrlEncoder.Encode(point.Y),
        };
    }
}
