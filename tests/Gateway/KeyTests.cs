using System.Text.Json;
using InstaGrpc.Contracts.AppV1;

namespace InstaGrpc.Gateway.Tests;

public sealed class KeyTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task KeysChangeWithoutAFailedCall()
    {
        // A new key each half a second, looked for ten times as often.
        (string, string)[] settings = [("Insta:Gateway:SigningKeyAge", "00:00:00.5"), ("Insta:Gateway:KeyPoll", "00:00:00.05")];
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, settings);
        await using var other = await mesh.AnotherAsync(servers.Servers, settings);
        var session = await mesh.SignUpAsync();
        HashSet<string> signed = [];

        // Each token is good at once in the process that did not sign it.
        while (signed.Count < 5)
        {
            session = (await mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken }).ResponseAsync.PatientlyAsync(
                () => mesh.App.RefreshAsync(new RefreshRequest { RefreshToken = session.RefreshToken }).ResponseAsync)).Session;
            await GatewayMesh.AppAs(other, session.AccessToken).SearchAsync(new SearchRequest { Prefix = "a" });
            signed.Add(KidOf(session.AccessToken));
        }

        // Keys of tokens that are still good are published.
        var published = JsonDocument.Parse(await mesh.Http.GetStringAsync("/.well-known/jwks.json")).RootElement.GetProperty("keys")
            .EnumerateArray().Select(static key => key.GetProperty("kid").GetString()!).ToHashSet();
        Assert.Superset(signed, published);
    }

    [Fact]
    public async Task TheKeySetHoldsNothingPrivate()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        await mesh.SignUpAsync();

        var key = Assert.Single(JsonDocument.Parse(await mesh.Http.GetStringAsync("/.well-known/jwks.json")).RootElement
            .GetProperty("keys").EnumerateArray());

        Assert.Equal(["alg", "crv", "kid", "kty", "use", "x", "y"], key.EnumerateObject().Select(static property => property.Name).Order());
        Assert.Equal("ES256", key.GetProperty("alg").GetString());
    }

    [Fact]
    public async Task KeysAreStoredEncryptedWhenAKeyForThatIsGiven()
    {
        var wrapping = Convert.ToBase64String(new byte[32]);
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:KeyEncryptionKey", wrapping));
        var session = await mesh.SignUpAsync();
        await using var other = await mesh.AnotherAsync(servers.Servers, ("Insta:Gateway:KeyEncryptionKey", wrapping));

        await GatewayMesh.AppAs(other, session.AccessToken).HomeAsync(new HomeRequest());

        Assert.True(await mesh.Nodes.Directory.QueryAsync<bool>("SELECT bool_and(wrapped) FROM gateway_keys"));

        // An ECPrivateKey of RFC 5915 begins with a sequence and the version 1.
        Assert.Equal(0L, await mesh.Nodes.Directory.QueryAsync<long>(
            "SELECT count(*) FROM gateway_keys WHERE encode(substring(material from 1 for 5), 'hex') LIKE '30__020101'"));
    }

    private static string KidOf(string token)
    {
        var header = token.Split('.')[0].Replace('-', '+').Replace('_', '/');
        return JsonDocument.Parse(Convert.FromBase64String(header.PadRight((header.Length + 3) / 4 * 4, '='))).RootElement
            .GetProperty("kid").GetString()!;
    }
}
