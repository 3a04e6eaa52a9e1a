using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using InstaGrpc.Embedded;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace InstaGrpc.Host.Tests;

public sealed class ListenerCertificateTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WithACertificateTheWebListenerSpeaksTlsAndBothVersionsOfHttp(bool isPem)
    {
        using var folder = TestFolder.Create();
        await using var host = RoleHost.Build([Echo()], [.. Listen(), .. Write(folder.Path, isPem)]);
        await host.StartAsync(CancellationToken.None);
        await host.ReadyAsync(CancellationToken.None);
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = static (_, found, _, _) => found!.Subject == "CN=photos.example.org",
        };
        using var client = new HttpClient(handler);

        Assert.Equal("https HTTP/2", await AskAsync(HttpVersion.Version20));
        Assert.Equal("https HTTP/1.1", await AskAsync(HttpVersion.Version11));
        await host.StopAsync();

        async Task<string> AskAsync(Version version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{host.Web}/protocol")
            {
                Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var answer = await client.SendAsync(request);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task ACertificateThatCantBeUsedIsALineThatNamesTheSetting()
    {
        await using var host = RoleHost.Build([Echo()], [.. Listen(), new("Insta:Web:Certificate:Path", "/nowhere/site.pem")]);

        var fault = await Assert.ThrowsAsync<UsageException>(() => host.StartAsync(CancellationToken.None));

        Assert.StartsWith("Insta:Web:Certificate:Path is /nowhere/site.pem", fault.Message, StringComparison.Ordinal);
    }

    private static Role Echo() => new(
        "echo", "", "tells what it was asked by", Needs.Nothing, static (_, _) => { },
        static endpoints => endpoints.MapGet("/protocol", static (HttpContext http) => $"{http.Request.Scheme} {http.Request.Protocol}"));

    private static IEnumerable<KeyValuePair<string, string?>> Listen() =>
    [
        new("Insta:Grpc:Listen", $"127.0.0.1:{LoopbackPort.Free()}"), new("Insta:Web:Listen", $"127.0.0.1:{LoopbackPort.Free()}"),
    ];

    private static IEnumerable<KeyValuePair<string, string?>> Write(string folder, bool isPem)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=photos.example.org", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = Path.Combine(folder, isPem ? "site.pem" : "site.pfx");
        if (!isPem)
        {
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, "secret"));
            return [new("Insta:Web:Certificate:Path", path), new("Insta:Web:Certificate:Password", "secret")];
        }

        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return [new("Insta:Web:Certificate:Path", path), new("Insta:Web:Certificate:KeyPath", path + ".key")];
    }
}
