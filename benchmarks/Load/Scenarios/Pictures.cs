using Google.Protobuf;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Load.Mesh;
using InstaGrpc.Photos;

namespace InstaGrpc.Load.Scenarios;

/// <summary>Photos to upload. There are some dozens, so that making them costs nothing during the run: each upload is sent and decoded whole, and its bytes are
/// stored the first time.</summary>
internal sealed class Pictures
{
    private const int Count = 48;
    private const int Side = 400;
    private const int Chunk = 64 * 1024;

    private readonly Lazy<byte[][]> _pictures = new(
        static () => [.. Enumerable.Range(0, Count).Select(static number => GeneratedPicture.Png(number, Side, Side))]);

    /// <summary>Makes them.</summary>
    public Task PrepareAsync() => Task.Run(() => _pictures.Value);

    /// <returns>The blob's id.</returns>
    public async Task<string> UploadAsync(MeshClient mesh, Person person, Random random, CancellationToken ct)
    {
        using var upload = mesh.Media.Upload(MeshClient.AsUser(person.Id, null, ct));
        foreach (var part in _pictures.Value[random.Next(Count)].Chunk(Chunk))
        {
            await upload.RequestStream.WriteAsync(new UploadRequest { Chunk = UnsafeByteOperations.UnsafeWrap(part) }, ct).ConfigureAwait(false);
        }

        await upload.RequestStream.CompleteAsync().ConfigureAwait(false);
        return (await upload.ResponseAsync.ConfigureAwait(false)).BlobId;
    }
}
