using System.Net;
using System.Text.Json;

namespace InstaGrpc.Gateway.Tests;

public sealed class OperatorPageTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task TheFiguresForOperatorsAreForThisMachineAlone()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers);
        await mesh.SignUpAsync();

        var state = JsonDocument.Parse(await mesh.Http.GetStringAsync("/ops/state.json")).RootElement;
        using var proxied = await mesh.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/ops/state.json") { Headers = { { "X-Forwarded-For", "203.0.113.9" } } });

        Assert.Equal("ready", state.GetProperty("processes")[0].GetProperty("health").GetString());
        var signUp = state.GetProperty("methods").EnumerateArray().Single(static one => one.GetProperty("method").GetString() == "insta.app.v1.AppService/SignUp");
        var duration = signUp.GetProperty("duration");
        Assert.Equal(0, signUp.GetProperty("errors").GetInt64());
        Assert.Equal(1, duration.GetProperty("counts").EnumerateArray().Sum(static count => count.GetInt64()));
        Assert.Equal(duration.GetProperty("bounds").GetArrayLength() + 1, duration.GetProperty("counts").GetArrayLength());
        Assert.True(duration.GetProperty("sum").GetDouble() > 0);
        Assert.Equal(HttpStatusCode.NotFound, proxied.StatusCode);
    }
}
