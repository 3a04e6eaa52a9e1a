using System.Net;
using System.Text.Json;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;

namespace InstaGrpc.Gateway.Tests;

public sealed class UploadTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task AnUploadNeedsAUrlThatWasGivenForIt()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();
        var given = await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = 100 });

        Assert.Equal(600u, given.ExpiresInSeconds);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync(mesh, given.Url, 99)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync(mesh, given.Url, 101)).Status);
        var forged = given.Url[..^4] + (given.Url.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA");
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync(mesh, forged, 100)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync(mesh, "/upload/abc", 100)).Status);
    }

    [Fact]
    public async Task AUrlEnds()
    {
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:UploadUrlLifetime", "-00:00:10"));
        var session = await mesh.SessionAsync();
        var given = await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = 100 });

        var (status, message) = await PutAsync(mesh, given.Url, 100);

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("expired", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData((30 * 1024 * 1024) + 1)]
    public async Task NoUrlForWhatIsNoPhoto(long length)
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();

        var refusal = await Assert.ThrowsAsync<RpcException>(
            async () => await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = length }));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
    }

    private static async Task<(HttpStatusCode Status, string Message)> PutAsync(GatewayMesh mesh, string url, int length)
    {
        using var content = new ByteArrayContent(new byte[length]);
        using var answer = await mesh.Http.PutAsync(url, content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, JsonDocument.Parse(text).RootElement.TryGetProperty("message", out var message) ? message.GetString()! : text);
    }
}
