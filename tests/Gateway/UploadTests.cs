using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Photos;

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
    public async Task APhotoThatWasPutIsWhatAPostTakes()
    {
        using var folder = TestFolder.Create();
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Photos:Folder", folder.Path));
        var session = await mesh.SessionAsync();
        var photo = GeneratedPicture.Png(1, 320, 240);
        var given = await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = photo.Length });

        using var content = new ByteArrayContent(photo);
        using var answer = await mesh.Http.PutAsync(given.Url, content);
        var blob = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("blobId").GetString();
        var post = await mesh.AppAs(session).PostAsync(new PostRequest { Caption = "c", RequestId = "1", BlobIds = { blob } });

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(photo)), blob);
        Assert.Single(post.Post.Media.Photos);
    }

    [Theory]
    [InlineData("Insta:Gateway:UploadLimit", "HTTP/1.1 408 Request Timeout")]
    [InlineData("Insta:Photos:UploadSilence", "HTTP/1.1 503 Service Unavailable")]
    public async Task AnUploadThatStopsComingIsGivenUp(string setting, string status)
    {
        using var folder = TestFolder.Create();
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Photos:Folder", folder.Path), (setting, "00:00:00.3"));
        var session = await mesh.SessionAsync();
        var given = await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = 200_000 });
        using var phone = new TcpClient();
        await phone.ConnectAsync(mesh.Process.Web!.Host, mesh.Process.Web.Port);
        byte[] half =
        [
            .. Encoding.ASCII.GetBytes($"PUT {given.Url} HTTP/1.1\r\nHost: here\r\nContent-Length: 200000\r\n\r\n"), .. new byte[100_000],
        ];
        await phone.GetStream().WriteAsync(half);

        using var answer = new StreamReader(phone.GetStream());
        Assert.Equal(status, await answer.ReadLineAsync(TestFixtures.Patience.Token()));
        await TestFixtures.Patience.UntilAsync(
            () => !Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Any(), "no file is left");
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
