using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.MediaV1;
using Xunit.Abstractions;

namespace InstaGrpc.Media.Tests;

/// <summary>Alone in its process: what it measures is the heap of all that run there.</summary>
[CollectionDefinition(nameof(UploadMemoryTests), DisableParallelization = true)]
[Collection(nameof(UploadMemoryTests))]
public sealed class UploadMemoryTests(AssemblyServers servers, ITestOutputHelper output) : IClassFixture<AssemblyServers>
{
    private const int Uploads = 32;
    private const int ChunkSize = 64 * 1024;

    [Fact]
    public async Task AnUploadNeedsTheSameMiBHoweverMuchOfItHasCome()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var chunk = new UploadRequest { Chunk = UnsafeByteOperations.UnsafeWrap(new byte[ChunkSize]) };
        List<AsyncClientStreamingCall<UploadRequest, UploadResponse>> calls = [];
        // The first ones pay for what is made once.
        Begin(mesh.As(user), calls);
        await SendAsync(mesh, calls, chunk, 1);
        await EndAsync(mesh, calls);

        var none = Living();
        Begin(mesh.As(user), calls);
        await SendAsync(mesh, calls, chunk, 16);
        var begun = Living() - none;
        await SendAsync(mesh, calls, chunk, 80);
        var further = Living() - none;
        await EndAsync(mesh, calls);

        output.WriteLine($"{begun / Uploads:n0} bytes an upload after 1 MiB of it, {further / Uploads:n0} after 6 MiB, both ends of the call together");
        Assert.InRange(begun / Uploads, 0, 1024 * 1024);
        Assert.InRange(further / Uploads, 0, 1024 * 1024);
    }

    private static void Begin(MediaService.MediaServiceClient client, List<AsyncClientStreamingCall<UploadRequest, UploadResponse>> calls)
    {
        for (var i = 0; i < Uploads; i++)
        {
            calls.Add(client.Upload());
        }
    }

    /// <summary>So many chunks on each, at once; when this returns, all of them are in the files and none is on its way.</summary>
    private static async Task SendAsync(
        MediaMesh mesh, List<AsyncClientStreamingCall<UploadRequest, UploadResponse>> calls, UploadRequest chunk, int chunks)
    {
        var before = Received(mesh);
        await Task.WhenAll(calls.Select(async call =>
        {
            for (var i = 0; i < chunks; i++)
            {
                await call.RequestStream.WriteAsync(chunk);
            }
        }));
        var sent = (long)calls.Count * chunks * ChunkSize;
        await Patience.UntilAsync(() => Received(mesh) == before + sent, "all that was sent is in the files");
    }

    private static async Task EndAsync(MediaMesh mesh, List<AsyncClientStreamingCall<UploadRequest, UploadResponse>> calls)
    {
        calls.ForEach(static call => call.Dispose());
        calls.Clear();
        await Patience.UntilAsync(() => mesh.Files.Count == 0, "no file is left");
    }

    private static long Received(MediaMesh mesh) => mesh.Files.Sum(static file => new FileInfo(file).Length);

    private static long Living() => GC.GetTotalMemory(forceFullCollection: true);
}
