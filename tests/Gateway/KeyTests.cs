using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using Grpc.Core;
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
    public async Task WhereTheKeysCannotBeReadCallsAreUnavailableAndNothingFails()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        var session = await mesh.SessionAsync();
        var upload = await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = 100 });
        var unknown = $"{WithKid("es256-nobody")}.{session.AccessToken.Split('.', 2)[1]}";

        // Another process, which has never seen them: whatever it logs as an error fails the test.
        await using var without = await mesh.AnotherAsync(servers.Servers, ("Insta:Postgres:Directory", "postgres://u@127.0.0.1:1/d"));
        using var http = new HttpClient { BaseAddress = without.Web };
        using var photo = new ByteArrayContent(new byte[100]);

        var refusal = await Assert.ThrowsAsync<RpcException>(
            async () => await GatewayMesh.AppAs(without, session.AccessToken).HomeAsync(new HomeRequest()));
        Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);
        Assert.DoesNotContain("127.0.0.1", refusal.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/.well-known/jwks.json")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.PutAsync(upload.Url, photo)).StatusCode);

        // One that has seen them goes on with these, and takes a name that it can't look for as one that there is not.
        await mesh.Nodes.Directory.ExecuteAsync("ALTER TABLE gateway_keys RENAME TO gateway_keys_away");
        await mesh.AppAs(session).SearchAsync(new SearchRequest { Prefix = "a" });
        refusal = await Assert.ThrowsAsync<RpcException>(async () => await GatewayMesh.AppAs(mesh.Process, unknown).HomeAsync(new HomeRequest()));
        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
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

    private static string WithKid(string kid) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { alg = "ES256", typ = "at+jwt", kid }));

    private static string KidOf(string token)
    {
        var header = token.Split('.')[0].Replace('-', '+').Replace('_', '/');
        return JsonDocument.Parse(Convert.FromBase64String(header.PadRight((header.Length + 3) / 4 * 4, '='))).RootElement
            .GetProperty("kid").GetString()!;
    }
}
