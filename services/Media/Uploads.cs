using System.Security.Cryptography;
using Grpc.Core;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Photos;

namespace InstaGrpc.Services.Media;

/// <summary>
/// Photos on their way in: received into a file and hashed chunk by chunk, so that an upload needs the same little memory however large it is; looked at
/// and decoded once in a child process; then stored under their hash. Nothing is left of one that ends before: the file is deleted, and there is no row.
/// </summary>
internal sealed class Uploads(
    PhotoSpool spool, PhotoDecoder decoder, PhotoStore store, BlobRows rows, PhotoOptions options, PhotoMetrics metrics, TimeProvider time)
{
    private const int LargestChunk = 64 * 1024;

    public async ValueTask<UploadResponse> ReceiveAsync(IAsyncStreamReader<UploadRequest> chunks, CancellationToken cancellation)
    {
        var file = spool.NewFile();
        var outcome = "interrupted";
        try
        {
            var (blob, length) = await WriteAsync(chunks, file, cancellation).ConfigureAwait(false);
            outcome = "refused";
            var facts = await LookAtAsync(file, length, cancellation).ConfigureAwait(false);
            if (facts.Patches.Count > 0 || facts.Length < length)
            {
                blob = await PatchAsync(file, facts, cancellation).ConfigureAwait(false);
            }

            outcome = "interrupted";
            outcome = await KeepAsync(blob, facts, file, cancellation).ConfigureAwait(false) ? "known" : "stored";
            return new UploadResponse { BlobId = blob.Hex, Width = (uint)facts.Width, Height = (uint)facts.Height };
        }
        finally
        {
            File.Delete(file);
            metrics.Upload(outcome);
        }
    }

    private async ValueTask<(BlobId Blob, int Length)> WriteAsync(IAsyncStreamReader<UploadRequest> chunks, string path, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, Options = FileOptions.Asynchronous });
        var length = 0;
        while (await NextAsync(chunks, cancellation).ConfigureAwait(false))
        {
            var chunk = chunks.Current.Chunk;
            if (chunk.Length > LargestChunk)
            {
                throw new InvalidFieldException("chunk", $"has {chunk.Length} bytes; at most {LargestChunk} are taken in one message");
            }

            length += chunk.Length;
            if (length > options.MostBytes)
            {
                throw new InvalidFieldException("chunk", $"the photo has more than {options.MostBytes} bytes");
            }

            hash.AppendData(chunk.Span);
            await file.WriteAsync(chunk.Memory, cancellation).ConfigureAwait(false);
        }

        return length == 0 ? throw new InvalidFieldException("chunk", "the file is empty") : (BlobId.Of(hash.GetHashAndReset()), length);
    }

    private async ValueTask<bool> NextAsync(IAsyncStreamReader<UploadRequest> chunks, CancellationToken cancellation)
    {
        try
        {
            return await chunks.MoveNext(cancellation).WaitAsync(options.UploadSilence, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new DeadlineExceededException($"the upload sent nothing for {options.UploadSilence.TotalSeconds:0} s");
        }
    }

    private async ValueTask<PhotoFacts> LookAtAsync(string file, int length, CancellationToken cancellation)
    {
        try
        {
            return await decoder.InspectAsync(() => Read(file), length, cancellation).ConfigureAwait(false);
        }
        catch (PhotoRefusedException e)
        {
            throw new InvalidFieldException("chunk", $"the file {e.Message}");
        }
        catch (PhotoDecoderUnavailableException e)
        {
            throw new UnavailableException("photos can't be checked at the moment", e);
        }
    }

    private static async ValueTask<BlobId> PatchAsync(string path, PhotoFacts facts, CancellationToken cancellation)
    {
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            foreach (var patch in facts.Patches)
            {
                await RandomAccess.WriteAsync(file, patch.Bytes, patch.Offset, cancellation).ConfigureAwait(false);
            }

            RandomAccess.SetLength(file, facts.Length);
        }

        await using var patched = Read(path);
        return BlobId.Of(await SHA256.HashDataAsync(patched, cancellation).ConfigureAwait(false));
    }

    /// <summary>Row, bytes, row: bytes without a row, which nobody would ever delete, can't be, and a row without bytes says so and is swept.</summary>
    /// <returns>Whether they were stored before.</returns>
    private async ValueTask<bool> KeepAsync(BlobId blob, PhotoFacts facts, string file, CancellationToken cancellation)
    {
        if (await rows.RegisterAsync(blob, facts, cancellation).ConfigureAwait(false))
        {
            return true;
        }

        try
        {
            await store.PutAsync(blob, file, facts.Format, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or Amazon.Runtime.AmazonServiceException)
        {
            throw new UnavailableException("photos can't be stored at the moment", e);
        }

        return await rows.StoredAsync(blob, cancellation).ConfigureAwait(false)
            ? false
            : throw new UnavailableException("the photo was swept while it was stored; upload it again");
    }

    private static FileStream Read(string path) => new(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous });
}
