using Google.Protobuf;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Photos;
using InstaGrpc.Postgres;
using InstaGrpc.Services.IdService;
using InstaGrpc.Services.Media;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstaGrpc.Media.Tests;

/// <summary>The role media on two nodes, with users whose rows the tests insert themselves.</summary>
internal sealed class MediaMesh : IAsyncDisposable
{
    private int _requests;

    private readonly TestFolder _folder;

    private MediaMesh(TestNodes nodes, MeshProcess mesh, TestFolder folder) => (Nodes, Mesh, _folder) = (nodes, mesh, folder);

    public TestNodes Nodes { get; }

    public MeshProcess Mesh { get; }

    /// <summary>What the edges were told.</summary>
    public required RecordedPurges Purged { get; init; }

    public PhotoStore Store => Mesh.Services.GetRequiredService<PhotoStore>();

    public MediaService.MediaServiceClient Service => new(Mesh.As("service:test"));

    public static async Task<MediaMesh> StartAsync(SharedServers servers, params KeyValuePair<string, string?>[] more)
    {
        var nodes = await TestNodes.CreateAsync(servers, hint: "media");
        var folder = TestFolder.Create();
        var purged = new RecordedPurges();
        var process = await MeshProcess.StartAsync(
            [.. nodes.Configuration, new("Insta:Photos:Folder", folder.Path), .. more],
            (services, configuration) => services.AddSingleton<IEdgePurge>(purged).AddId(configuration).AddMedia(configuration));
        return new MediaMesh(nodes, process, folder) { Purged = purged };
    }

    /// <summary>Every file of the blob store and of uploads on their way.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories)];

    public MediaService.MediaServiceClient As(long user) => new(Mesh.As($"user:{user}"));

    public string NewRequest() => $"request {Interlocked.Increment(ref _requests)}";

    /// <summary>A user on the node, by his number 0 to 1,023.</summary>
    public async Task<long> UserAsync(string node, int number)
    {
        var id = await Nodes.IdOnAsync(new NodeName(node), milliseconds: 5, sequence: number);
        await DatabaseOf(node).ExecuteAsync($"INSERT INTO users (id, name) VALUES ({id}, 'user{number}')");
        return id;
    }

    public TestDatabase DatabaseOf(string node) => Nodes.Nodes[new NodeName(node)];

    public async Task<Contracts.MediaV1.Media> PostAsync(long user, string caption = "a caption") =>
        (await As(user).CreateMediaAsync(new CreateMediaRequest { Caption = caption, RequestId = NewRequest() })).Media;

    public MediaSweep NewSweep() => new(
        Nodes.Pool, new FirstAnswers(Nodes.Options), Mesh.Services.GetRequiredService<BlobSweep>(), Purged, new MediaOptions(), TimeProvider.System,
        NullLogger<MediaSweep>.Instance);

    /// <summary>One round of the blobs' sweep on both nodes, so long after now.</summary>
    public async Task SweepBlobsAsync(TimeSpan later)
    {
        var sweep = new BlobSweep(Nodes.Pool, Mesh.Services.GetRequiredService<ShardRouter>(), Store, new PhotoOptions(), new LaterTime(later));
        foreach (var node in Nodes.Nodes.Keys)
        {
            // The process' own round may be at it, or the session of the round before may not have ended yet.
            while (!await sweep.SweepAsync(node, CancellationToken.None))
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>Uploads a photo in the largest chunks that are taken.</summary>
    public async Task<UploadResponse> UploadAsync(long user, byte[] photo, int chunk = 64 * 1024)
    {
        using var call = As(user).Upload();
        foreach (var part in photo.Chunk(chunk))
        {
            await call.RequestStream.WriteAsync(new UploadRequest { Chunk = UnsafeByteOperations.UnsafeWrap(part) });
        }

        await call.RequestStream.CompleteAsync();
        return await call;
    }

    /// <summary>A post with one photo.</summary>
    public async Task<Contracts.MediaV1.Media> PostAsync(long user, UploadResponse photo) => (await As(user).CreateMediaAsync(
        new CreateMediaRequest { BlobIds = { photo.BlobId }, RequestId = NewRequest() })).Media;

    private sealed class LaterTime(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + later;
    }

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync();
        await Nodes.DisposeAsync();
        _folder.Dispose();
    }
}
