using System.Net;
using System.Net.Http.Headers;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Embedded;
using InstaGrpc.Photos;
using InstaGrpc.TestFixtures;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstaGrpc.Host.Tests;

/// <summary>What the outside reaches of a process that plays all roles: whatever a role adds is seen here, and must be decided on.</summary>
public sealed class ReachTests
{
    private const string App = "insta.app.v1.AppService";

    // Servers that nobody has started: what is looked at here is decided before anybody asks them.
    private static readonly KeyValuePair<string, string?>[] _settings =
    [
        new("Insta:Postgres:Directory", "postgres://u@127.0.0.1:1/d"), new("Insta:Postgres:Nodes:n1:Primary", "postgres://u@127.0.0.1:1/d"),
        new("Insta:Memcached:Servers", "127.0.0.1:1"), new("Insta:Kafka:BootstrapServers", "127.0.0.1:1"),
    ];

    // Who has no token yet calls these.
    private static readonly string[] _forEverybody = [$"{App}/SignUp", $"{App}/SignIn", $"{App}/Refresh"];

    [Fact]
    public async Task OfAllMethodsOfAllRolesOnlyTheAppsAreReachedAndWithoutATokenOnlyThreeOfThem()
    {
        await using var host = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri($"http://{host.Web}") };
        var methods = Endpoints(host).Select(static endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method)
            .OfType<IMethod>().ToList();

        foreach (var service in RoleTable.All.SelectMany(static role => role.Contract.Split(", ", StringSplitOptions.RemoveEmptyEntries)))
        {
            Assert.Contains(methods, method => method.ServiceName == service);
        }

        foreach (var method in methods)
        {
            var name = $"{method.ServiceName}/{method.Name}";
            foreach (var caller in (string[])["", "admin", "service:feed"])
            {
                var status = await StatusAsync(client, name, caller);
                var expected = method.ServiceName != App ? "12" : _forEverybody.Contains(name) ? null : "16";
                Assert.True(expected is null || status == expected, $"{name} as '{caller}' answered {status}");
            }
        }
    }

    [Fact]
    public async Task WhatIsServedBesideGrpcIsThis()
    {
        await using var host = await StartAsync();

        // A new one is decided on here: who may see it, and on which port.
        var routes = Endpoints(host).Where(static endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is null)
            .Select(static endpoint => endpoint.RoutePattern.RawText).Where(static route => !route!.StartsWith("{unimplemented", StringComparison.Ordinal))
            .Where(static route => !route!.Contains("/{unimplementedMethod", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "/.well-known/jwks.json",
                "/healthz",
                PhotoUrl.Route,
                "/metrics",
                "/ops",
                "/ops.html",
                "/ops/state.json",
                "/process.json",
                "/readyz",
                "/upload/{ticket}",
                "{**path}",
            ],
            routes);
    }

    [Fact]
    public async Task WithACertificateTheAppIsReachedByNativeGrpcAndNothingElseIs()
    {
        using var folder = TestFolder.Create();
        await using var host = await StartAsync([.. ListenerCertificateTests.Write(folder.Path, isPem: true)]);
        using var channel = GrpcChannel.ForAddress($"https://{host.Web}", new()
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } },
        });

        var app = await Assert.ThrowsAsync<RpcException>(async () => await new AppService.AppServiceClient(channel).HomeAsync(new HomeRequest()));
        Assert.Equal(StatusCode.Unauthenticated, app.StatusCode);
        var ids = await Assert.ThrowsAsync<RpcException>(async () => await new IdService.IdServiceClient(channel).NextAsync(new NextRequest()));
        Assert.Equal(StatusCode.Unimplemented, ids.StatusCode);
    }

    private static async Task<RoleHost> StartAsync(params KeyValuePair<string, string?>[] more)
    {
        var host = RoleHost.Build(
            RoleTable.All,
            [
                .. _settings, .. more,
                new("Insta:Grpc:Listen", $"127.0.0.1:{LoopbackPort.Free()}"), new("Insta:Web:Listen", $"127.0.0.1:{LoopbackPort.Free()}"),
            ]);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    private static IEnumerable<RouteEndpoint> Endpoints(RoleHost host) =>
        host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static async Task<string?> StatusAsync(HttpClient client, string method, string caller)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, method) { Content = new ByteArrayContent(new byte[5]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc-web+proto");
        if (caller.Length > 0)
        {
            request.Headers.Add("insta-caller", caller);
        }

        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        if (answer.Headers.TryGetValues("grpc-status", out var alone))
        {
            return alone.Single();
        }

        // The trailers stand at the end of the body, as text.
        var body = System.Text.Encoding.ASCII.GetString(await answer.Content.ReadAsByteArrayAsync());
        return body.Split("grpc-status: ")[1].Split('\r')[0];
    }
}
