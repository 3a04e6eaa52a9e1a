namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>The keys of one moment.</summary>
/// <param name="Keys">All that verify, newest first; those that are still to come among them.</param>
/// <param name="Secret">Behind refresh tokens and upload URLs.</param>
internal sealed record KeyRing(IReadOnlyList<SigningKey> Keys, byte[] Secret)
{
    /// <summary>The one that signs.</summary>
    public SigningKey Signing(DateTimeOffset now) => Keys.FirstOrDefault(key => key.ActivatesAt <= now) ?? Keys[^1];

    public SigningKey? Find(string kid) => Keys.FirstOrDefault(key => key.Kid == kid);
}
