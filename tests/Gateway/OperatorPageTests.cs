using System.Net;
using System.Text.Json;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Embedded;
using InstaGrpc.Mesh;
using InstaGrpc.Services.Gateway.Ops;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace InstaGrpc.Gateway.Tests;

public sealed class OperatorPageTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task TheFiguresForOperatorsAreForThisMachineAlone()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        await mesh.SignUpAsync();

        var state = JsonDocument.Parse(await mesh.Http.GetStringAsync("/ops/state.json")).RootElement;

        Assert.Equal("ready", state.GetProperty("processes")[0].GetProperty("health").GetString());
        var signUp = state.GetProperty("methods").EnumerateArray().Single(static one => one.GetProperty("method").GetString() == "insta.app.v1.AppService/SignUp");
        var duration = signUp.GetProperty("duration");
        Assert.Equal(0, signUp.GetProperty("errors").GetInt64());
        Assert.Equal(1, duration.GetProperty("counts").EnumerateArray().Sum(static count => count.GetInt64()));
        Assert.Equal(duration.GetProperty("bounds").GetArrayLength() + 1, duration.GetProperty("counts").GetArrayLength());
        Assert.True(duration.GetProperty("sum").GetDouble() > 0);
    }

    [Theory]
    [InlineData("/ops/state.json")]
    [InlineData("/ops")]
    [InlineData("/metrics")]
    [InlineData("/process.json")]
    public async Task WhatTellsOfTheInsideIsThereForThisMachineAndNotForWhoComesThroughAProxy(string path)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        using var proxied = await mesh.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "X-Forwarded-For", "203.0.113.9" } } });

        Assert.Equal(HttpStatusCode.NotFound, proxied.StatusCode);
        Assert.NotEqual(HttpStatusCode.NotFound, path == "/ops" ? HttpStatusCode.OK : (await mesh.Http.GetAsync(path)).StatusCode);
    }

    [Theory]
    [InlineData("10.1.2.3", true, true)]
    [InlineData("::ffff:10.1.2.3", true, true)]
    [InlineData("192.168.7.7", true, false)]
    [InlineData("203.0.113.9", false, false)]
    [InlineData("127.0.0.1", true, true)]
    public async Task TheNetworksThatAreNamedSeeItToo(string from, bool metrics, bool ops)
    {
        await using var mesh = await GatewayMesh.StartAsync(
            servers.Servers, (services, _) => services.AddSingleton<Microsoft.AspNetCore.Hosting.IStartupFilter>(new ComesFrom(IPAddress.Parse(from))),
            ("Insta:Gateway:OpsNetworks:0", "10.0.0.0/8"), ("Insta:Mesh:ScrapeNetworks:0", "192.168.0.0/16"));

        Assert.Equal(metrics, (await mesh.Http.GetAsync("/metrics")).IsSuccessStatusCode);
        Assert.Equal(metrics, (await mesh.Http.GetAsync("/process.json")).IsSuccessStatusCode);
        Assert.Equal(ops, (await mesh.Http.GetAsync("/ops/state.json")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task AllProcessesBehindANameAreShownEachOnce()
    {
        // As pods have it: one port, an address each. The name stands for all three, this process among them, and for one that is away.
        var port = LoopbackPort.Free();
        string[] addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
        await using var mesh = await GatewayMesh.StartAsync(
            servers.Servers,
            (services, _) => services.Replace(ServiceDescriptor.Singleton<NameLookup>((name, _) => Task.FromResult<IPAddress[]>(
                name == "pods.test" ? [.. addresses.Select(IPAddress.Parse)] : throw new System.Net.Sockets.SocketException(11001)))),
            ("Insta:Web:Listen", $"127.0.0.1:{port}"), ("Insta:Gateway:OpsProcesses:0", $"http://pods.test:{port}"),
            ("Insta:Gateway:OpsProcesses:1", $"http://nobody.test:{port}"));
        await using var other = await mesh.AnotherAsync(servers.Servers, ("Insta:Web:Listen", $"127.0.0.2:{port}"));
        await mesh.SignUpAsync();
        var otherApp = new AppService.AppServiceClient(other.Channel);
        await otherApp.SignUpAsync(new SignUpRequest { Name = "elsewhere", DisplayName = "e", Password = GatewayMesh.Password, RequestId = "e" });

        var state = JsonDocument.Parse(await mesh.Http.GetStringAsync("/ops/state.json")).RootElement;

        Assert.Equal(
            [$"127.0.0.1:{port} ready", $"127.0.0.2:{port} ready", $"127.0.0.3:{port} unreachable", $"http://nobody.test:{port} unreachable"],
            state.GetProperty("processes").EnumerateArray().Select(static one => $"{one.GetProperty("name")} {one.GetProperty("health")}").Order());
        var signUp = state.GetProperty("methods").EnumerateArray().Single(static one => one.GetProperty("method").GetString() == "insta.app.v1.AppService/SignUp");
        Assert.Equal(2, signUp.GetProperty("duration").GetProperty("counts").EnumerateArray().Sum(static count => count.GetInt64()));
    }

    private sealed class ComesFrom(IPAddress address) : Microsoft.AspNetCore.Hosting.IStartupFilter
    {
        public Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> Configure(Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> next) => app =>
        {
            app.Use(inner => http =>
            {
                http.Connection.RemoteIpAddress = address;
                return inner(http);
            });
            next(app);
        };
    }
}
