using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using InstaGrpc.Embedded;

namespace InstaGrpc.Photos.Tests;

public sealed class StoreTests(Decoding decoding) : IClassFixture<Decoding>
{
    private static readonly BlobId _blob = new(new string('a', 62) + "0f");

    [Fact]
    public async Task AFolderKeepsBlobsAndTheirVariants()
    {
        using var folder = TestFolder.Create();
        await KeepsAsync(new PhotoOptions { Folder = folder.Path });
    }

    [ToolFact("versitygw")]
    public async Task ABucketKeepsThemToo()
    {
        using var folder = TestFolder.Create();
        var port = LoopbackPort.Free();
        await using var server = InstaProcess.StartProgram(
            Path.Combine(Checkout.FindTool("versitygw")!, "bin", "versitygw-up"), null, Path.Combine(folder.Path, "s3"),
            port.ToString(CultureInfo.InvariantCulture));
        var options = new PhotoOptions
        {
            Folder = folder.Path,
            S3 =
            {
                Bucket = "photos", ColdBucket = "photos-cold", ServiceUrl = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
                AccessKey = "test", SecretKey = "testsecret",
            },
        };
        await MakeBucketsAsync(options.S3);
        await KeepsAsync(options);
    }

    [Fact]
    public async Task TheOldestVariantsGoToMakeRoom()
    {
        using var folder = TestFolder.Create();
        var (store, spool) = Open(new PhotoOptions { Folder = folder.Path });
        for (var i = 0; i < 5; i++)
        {
            await store.PutVariantAsync(_blob, $"v{i}", await FileAsync(spool, new byte[1000]), PhotoFormat.WebP, CancellationToken.None);
            var file = Directory.EnumerateFiles(folder.Path, $"v{i}", SearchOption.AllDirectories).Single();
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(i - 10));
        }

        await store.TrimVariantsAsync(2500, CancellationToken.None);

        Assert.False(await store.HasVariantAsync(_blob, "v2", CancellationToken.None));
        Assert.True(await store.HasVariantAsync(_blob, "v3", CancellationToken.None));
        Assert.True(await store.HasVariantAsync(_blob, "v4", CancellationToken.None));
    }

    [Fact]
    public void ABlobsRowsLiveOnTheShardOfItsHashsLastThirteenBits()
    {
        var blob = new BlobId(new string('0', 60) + "ffff");
        Assert.Equal(8191, new Contracts.Ids.InstaId(blob.RoutingId).Shard);
        Assert.Equal(5, new Contracts.Ids.InstaId(new BlobId(new string('f', 60) + "e005").RoutingId).Shard);
        Assert.True(new BlobId(new string('f', 64)).RoutingId > 0);
    }

    private async Task KeepsAsync(PhotoOptions options)
    {
        var (store, spool) = Open(options);
        // Three parts, the last of them short.
        var bytes = new byte[11 * 1024 * 1024];
        new Random(1).NextBytes(bytes);
        await store.PutAsync(_blob, await FileAsync(spool, bytes), PhotoFormat.Jpeg, CancellationToken.None);
        await store.PutAsync(_blob, await FileAsync(spool, bytes), PhotoFormat.Jpeg, CancellationToken.None);
        Assert.Equal(bytes.Length, await store.LengthAsync(_blob, CancellationToken.None));
        Assert.Equal(bytes, await ReadAsync(store, 0));
        Assert.Equal(bytes[10_000_000..], await ReadAsync(store, 10_000_000));

        Assert.Null(await store.OpenVariantAsync(_blob, "thumb.webp", CancellationToken.None));
        await store.PutVariantAsync(_blob, "thumb.webp", await FileAsync(spool, [1, 2, 3]), PhotoFormat.WebP, CancellationToken.None);
        Assert.True(await store.HasVariantAsync(_blob, "thumb.webp", CancellationToken.None));

        foreach (var (from, to) in ((BlobTier, BlobTier)[])[(BlobTier.Hot, BlobTier.Warm), (BlobTier.Warm, BlobTier.Cold)])
        {
            Assert.True(await store.EnterAsync(_blob, from, to, CancellationToken.None));
            await store.LeaveAsync(_blob, from, CancellationToken.None);
            // A round that was cut short is done again.
            Assert.True(await store.EnterAsync(_blob, from, to, CancellationToken.None));
            Assert.Equal(bytes.Length, (await ReadAsync(store, 0)).Length);
        }

        await store.DeleteAsync(_blob, CancellationToken.None);
        await store.DeleteAsync(_blob, CancellationToken.None);
        Assert.Null(await store.OpenAsync(_blob, 0, CancellationToken.None));
        Assert.Null(await store.LengthAsync(_blob, CancellationToken.None));
        Assert.False(await store.HasVariantAsync(_blob, "thumb.webp", CancellationToken.None));
        Assert.False(await store.EnterAsync(_blob, BlobTier.Hot, BlobTier.Warm, CancellationToken.None));
    }

    private (PhotoStore Store, PhotoSpool Spool) Open(PhotoOptions options) =>
        (new PhotoStore(PhotoStore.Open(options, decoding.Metrics)), new PhotoSpool(options, TimeProvider.System));

    private static async Task<string> FileAsync(PhotoSpool spool, byte[] bytes)
    {
        var file = spool.NewFile();
        await File.WriteAllBytesAsync(file, bytes);
        return file;
    }

    private static async Task<byte[]> ReadAsync(PhotoStore store, long offset)
    {
        await using var content = await store.OpenAsync(_blob, offset, CancellationToken.None);
        using var all = new MemoryStream();
        await content!.Bytes.CopyToAsync(all);
        return all.ToArray();
    }

    private static async Task MakeBucketsAsync(PhotoOptions.S3Settings settings)
    {
        using var s3 = new AmazonS3Client(
            new BasicAWSCredentials(settings.AccessKey, settings.SecretKey),
            new AmazonS3Config { ServiceURL = settings.ServiceUrl, ForcePathStyle = true, AuthenticationRegion = settings.Region, MaxErrorRetry = 0 });
        var until = Stopwatch.StartNew();
        foreach (var bucket in (string[])[settings.Bucket, settings.ColdBucket])
        {
            while (true)
            {
                try
                {
                    await s3.PutBucketAsync(bucket);
                    break;
                }
                catch (Exception e) when (e is HttpRequestException or AmazonServiceException && until.Elapsed < TimeSpan.FromSeconds(60))
                {
                    // It is still starting.
                    await Task.Delay(50);
                }
            }
        }
    }
}
