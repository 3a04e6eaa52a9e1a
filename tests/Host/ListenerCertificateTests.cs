using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using InstaGrpc.Embedded;
using InstaGrpc.Host.Configuration;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARenewedCertificateIsTakenWithinHalfAMinuteOnceItsKeyIsThereToo(bool isMountedSecret)
    {
        using var folder = TestFolder.Create();
        var (site, first, second) = (Path.Combine(folder.Path, "site"), Path.Combine(folder.Path, "1"), Path.Combine(folder.Path, "2"));
        Directory.CreateDirectory(first);
        Directory.CreateDirectory(second);
        Write(first, isPem: true);
        Write(second, isPem: true, name: "CN=renewed.example.org");
        Directory.CreateDirectory(site);
        var (path, key) = (Path.Combine(site, "site.pem"), Path.Combine(site, "site.pem.key"));
        if (isMountedSecret)
        {
            // As a volume of Kubernetes has it: only the link in the middle ever changes.
            Directory.CreateSymbolicLink(Path.Combine(site, "..data"), first);
            File.CreateSymbolicLink(path, "..data/site.pem");
            File.CreateSymbolicLink(key, "..data/site.pem.key");
        }
        else
        {
            Renew(first, "site.pem", DateTime.UtcNow.AddMinutes(-2));
            Renew(first, "site.pem.key", DateTime.UtcNow.AddMinutes(-2));
        }

        var clock = new Clock();
        var certificate = new ListenerCertificate(new CertificateOptions { Path = path, KeyPath = key }, clock);
        certificate.Read();
        Assert.Equal("CN=photos.example.org", await SubjectAsync());
        if (isMountedSecret)
        {
            Directory.Delete(Path.Combine(site, "..data"));
            Directory.CreateSymbolicLink(Path.Combine(site, "..data"), second);
            File.SetLastWriteTimeUtc(Path.Combine(second, "site.pem"), DateTime.UtcNow.AddMinutes(1));
        }
        else
        {
            Renew(second, "site.pem", DateTime.UtcNow.AddMinutes(1));
            clock.Now += TimeSpan.FromSeconds(31);
            Assert.Equal("CN=photos.example.org", await SubjectAsync());
            Renew(second, "site.pem.key", DateTime.UtcNow.AddMinutes(1));
        }

        Assert.Equal("CN=photos.example.org", await SubjectAsync());
        clock.Now += TimeSpan.FromSeconds(31);
        Assert.Equal("CN=renewed.example.org", await SubjectAsync());

        void Renew(string from, string file, DateTime at)
        {
            File.Copy(Path.Combine(from, file), Path.Combine(site, file), overwrite: true);
            File.SetLastWriteTimeUtc(Path.Combine(site, file), at);
        }

        async Task<string> SubjectAsync() =>
            (await certificate.Handshake.OnConnection(new TlsHandshakeCallbackContext())).ServerCertificateContext!.TargetCertificate.Subject;
    }

    [Fact]
    public async Task ACertificateThatCantBeUsedIsALineThatNamesTheSetting()
    {
        await using var host = RoleHost.Build([Echo()], [.. Listen(), new("Insta:Web:Certificate:Path", "/nowhere/site.pem")]);

        var fault = await Assert.ThrowsAsync<UsageException>(() => host.StartAsync(CancellationToken.None));

        Assert.StartsWith("Insta:Web:Certificate:Path is /nowhere/site.pem", fault.Message, StringComparison.Ordinal);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private static Role Echo() => new(
        "echo", "", "tells what it was asked by", Needs.Nothing, static (_, _) => { },
        static endpoints => endpoints.MapGet("/protocol", static (HttpContext http) => $"{http.Request.Scheme} {http.Request.Protocol}"));

    private static IEnumerable<KeyValuePair<string, string?>> Listen() =>
    [
        new("Insta:Grpc:Listen", $"127.0.0.1:{LoopbackPort.Free()}"), new("Insta:Web:Listen", $"127.0.0.1:{LoopbackPort.Free()}"),
    ];

    internal static IEnumerable<KeyValuePair<string, string?>> Write(
        string folder, bool isPem, string name = "CN=photos.example.org")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest(name, key, HashAlgorithmName.SHA256)
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
