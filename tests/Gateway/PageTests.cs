using System.Net;

namespace InstaGrpc.Gateway.Tests;

/// <summary>What browsers get beside the API.</summary>
public sealed class PageTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task TheAppsPageAnswersForEveryScreenOfItAndFilesForThemselves()
    {
        using var folder = TestFolder.Create();
        Directory.CreateDirectory(Path.Combine(folder.Path, "assets"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "index.html"), "<!doctype html><title>app</title>");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "assets", "app-1a2b.js"), new string('x', 5000));
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:WebRoot", folder.Path));

        using var page = await mesh.Http.GetAsync("/ada/posts");
        using var script = await mesh.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/assets/app-1a2b.js") { Headers = { { "Accept-Encoding", "br" } } });
        using var missing = await mesh.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/assets/gone.js") { Headers = { { "Accept", "*/*" } } });
        using var photo = await mesh.Http.GetAsync($"/media/0/0/{new string('0', 64)}/large");
        using var outside = await mesh.Http.GetAsync("/..%2f..%2fetc%2fpasswd.txt");

        Assert.Contains("<title>app</title>", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(page.Headers.CacheControl!.NoCache);
        Assert.Equal("br", script.Content.Headers.ContentEncoding.Single());
        Assert.InRange((await script.Content.ReadAsByteArrayAsync()).Length, 1, 200);
        Assert.Contains("immutable", script.Headers.GetValues("Cache-Control").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, photo.StatusCode);
        Assert.NotEqual(HttpStatusCode.InternalServerError, outside.StatusCode);
        Assert.DoesNotContain("root:", await outside.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var again = await mesh.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/ada") { Headers = { { "If-None-Match", page.Headers.ETag!.ToString() } } });
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task WithoutTheAppThePageSaysHowToBuildIt()
    {
        using var folder = TestFolder.Create();
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Gateway:WebRoot", folder.Path));

        Assert.Contains("npm run build", await mesh.Http.GetStringAsync("/"), StringComparison.Ordinal);
    }
}
