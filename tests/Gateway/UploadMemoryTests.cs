using System.Net.Sockets;
using System.Text;
using InstaGrpc.Contracts.AppV1;
using Xunit.Abstractions;

namespace InstaGrpc.Gateway.Tests;

/// <summary>Alone in its process: what it measures is the heap of all that run there.</summary>
[CollectionDefinition(nameof(UploadMemoryTests), DisableParallelization = true)]
[Collection(nameof(UploadMemoryTests))]
public sealed class UploadMemoryTests(AssemblyServers servers, ITestOutputHelper output) : IClassFixture<AssemblyServers>
{
    private const int Uploads = 16;
    private const int MiB = 1024 * 1024;
    private const int Length = 20 * MiB;

    [Fact]
    public async Task APutNeedsTheSameMiBHoweverMuchOfItHasCome()
    {
        using var folder = TestFolder.Create();
        await using var mesh = await GatewayMesh.StartAsync(servers.Servers, ("Insta:Photos:Folder", folder.Path));
        var session = await mesh.SessionAsync();
        var some = new byte[MiB];

        // The first ones pay for what is made once.
        await EndAsync(await BeginAsync(1));
        var none = Living();
        var puts = await BeginAsync(1);
        var begun = Living() - none;
        await SendAsync(puts, 5);
        var further = Living() - none;
        await EndAsync(puts);

        output.WriteLine($"{begun / Uploads:n0} bytes an upload after 1 MiB of it, {further / Uploads:n0} after 6 MiB, in the gateway and the role media together");
        Assert.InRange(begun / Uploads, 0, MiB);
        Assert.InRange(further / Uploads, 0, MiB);

        async Task<List<TcpClient>> BeginAsync(int megabytes)
        {
            List<TcpClient> begun = [];
            for (var i = 0; i < Uploads; i++)
            {
                var url = (await mesh.AppAs(session).UploadUrlAsync(new UploadUrlRequest { Length = Length })).Url;
                var client = new TcpClient();
                await client.ConnectAsync(mesh.Process.Web!.Host, mesh.Process.Web.Port);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"PUT {url} HTTP/1.1\r\nHost: here\r\nContent-Length: {Length}\r\n\r\n"));
                begun.Add(client);
            }

            await SendAsync(begun, megabytes);
            return begun;
        }

        // When this returns, all that was sent is in the files, and none of it on its way.
        async Task SendAsync(List<TcpClient> puts, int megabytes)
        {
            var before = Received();
            await Task.WhenAll(puts.Select(async put =>
            {
                for (var i = 0; i < megabytes; i++)
                {
                    await put.GetStream().WriteAsync(some);
                }
            }));
            await TestFixtures.Patience.UntilAsync(() => Received() == before + ((long)puts.Count * megabytes * MiB), "all that was sent is in the files");
        }

        async Task EndAsync(List<TcpClient> puts)
        {
            puts.ForEach(static put => put.Dispose());
            await TestFixtures.Patience.UntilAsync(() => Files().Length == 0, "no file is left");
        }

        FileInfo[] Files() => new DirectoryInfo(folder.Path).GetFiles("*", SearchOption.AllDirectories);

        long Received() => Files().Sum(static file => file.Length);
    }

    private static long Living() => GC.GetTotalMemory(forceFullCollection: true);
}
