using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace InstaGrpc.Photos.Internal.Stores;

/// <summary>Objects in buckets of the S3 API. What is larger than a part goes up in parts, read from the file as they are sent.</summary>
internal sealed class BucketStore : IBlobStore, IDisposable
{
    private readonly AmazonS3Client _s3;
    private readonly PhotoOptions.S3Settings _settings;
    private readonly PhotoMetrics _metrics;

    public BucketStore(PhotoOptions.S3Settings settings, PhotoMetrics metrics)
    {
        (_settings, _metrics) = (settings, metrics);
        var config = new AmazonS3Config { ForcePathStyle = settings.ServiceUrl.Length > 0 };
        if (settings.ServiceUrl.Length > 0)
        {
            (config.ServiceURL, config.AuthenticationRegion) = (settings.ServiceUrl, settings.Region);
            config.UseHttp = settings.ServiceUrl.StartsWith("http:", StringComparison.OrdinalIgnoreCase);
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(settings.Region);
        }

        _s3 = settings.AccessKey.Length > 0
            ? new AmazonS3Client(new BasicAWSCredentials(settings.AccessKey, settings.SecretKey), config)
            : new AmazonS3Client(config);
    }

    public async ValueTask PutAsync(string name, string file, string contentType, CancellationToken cancellation)
    {
        if (await LengthAsync(name, cancellation).ConfigureAwait(false) is not null)
        {
            return;
        }

        _metrics.StoreOperation("put");
        var length = new FileInfo(file).Length;
        if (length > _settings.PartBytes)
        {
            await PutPartsAsync(name, file, length, contentType, cancellation).ConfigureAwait(false);
        }
        else
        {
            await _s3.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = BucketOf(name), Key = name, FilePath = file, ContentType = contentType, StorageClass = ClassOf(name),
                },
                cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<BlobContent?> OpenAsync(string name, long offset, CancellationToken cancellation)
    {
        _metrics.StoreOperation("open");
        try
        {
            var request = new GetObjectRequest { BucketName = BucketOf(name), Key = name };
            if (offset > 0)
            {
                request.ByteRange = new ByteRange(offset, long.MaxValue);
            }

            var answer = await _s3.GetObjectAsync(request, cancellation).ConfigureAwait(false);
            return new BlobContent(answer.ResponseStream, offset + answer.ContentLength, null);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async ValueTask<long?> LengthAsync(string name, CancellationToken cancellation)
    {
        _metrics.StoreOperation("length");
        try
        {
            return (await _s3.GetObjectMetadataAsync(BucketOf(name), name, cancellation).ConfigureAwait(false)).ContentLength;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async ValueTask<bool> CopyAsync(string from, string to, CancellationToken cancellation)
    {
        _metrics.StoreOperation("copy");
        try
        {
            await _s3.CopyObjectAsync(
                new CopyObjectRequest
                {
                    SourceBucket = BucketOf(from), SourceKey = from, DestinationBucket = BucketOf(to), DestinationKey = to, StorageClass = ClassOf(to),
                },
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return await LengthAsync(to, cancellation).ConfigureAwait(false) is not null;
        }
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        _metrics.StoreOperation("delete");
        await _s3.DeleteObjectAsync(BucketOf(name), name, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DeleteAllAsync(string prefix, CancellationToken cancellation)
    {
        var request = new ListObjectsV2Request { BucketName = BucketOf(prefix), Prefix = prefix };
        ListObjectsV2Response page;
        do
        {
            page = await _s3.ListObjectsV2Async(request, cancellation).ConfigureAwait(false);
            foreach (var found in page.S3Objects)
            {
                await DeleteAsync(found.Key, cancellation).ConfigureAwait(false);
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated);
    }

    public ValueTask TrimVariantsAsync(long bytes, CancellationToken cancellation) => ValueTask.CompletedTask;

    public void Dispose() => _s3.Dispose();

    private async Task PutPartsAsync(string name, string file, long length, string contentType, CancellationToken cancellation)
    {
        var begun = await _s3.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest
            {
                BucketName = BucketOf(name), Key = name, ContentType = contentType, StorageClass = ClassOf(name),
            },
            cancellation).ConfigureAwait(false);
        try
        {
            var parts = new List<PartETag>();
            for (var offset = 0L; offset < length; offset += _settings.PartBytes)
            {
                var part = await _s3.UploadPartAsync(
                    new UploadPartRequest
                    {
                        BucketName = begun.BucketName, Key = name, UploadId = begun.UploadId, PartNumber = parts.Count + 1, FilePath = file,
                        FilePosition = offset, PartSize = Math.Min(_settings.PartBytes, length - offset),
                    },
                    cancellation).ConfigureAwait(false);
                parts.Add(new PartETag(parts.Count + 1, part.ETag));
            }

            await _s3.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = begun.BucketName, Key = name, UploadId = begun.UploadId, PartETags = parts },
                cancellation).ConfigureAwait(false);
        }
        catch
        {
            // Parts that nobody completes would be kept, and paid for.
            await _s3.AbortMultipartUploadAsync(begun.BucketName, name, begun.UploadId, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private string BucketOf(string name) => TierOf(name) switch
    {
        BlobTier.Warm when _settings.WarmBucket.Length > 0 => _settings.WarmBucket,
        BlobTier.Cold when _settings.ColdBucket.Length > 0 => _settings.ColdBucket,
        _ => _settings.Bucket,
    };

    private S3StorageClass? ClassOf(string name) => TierOf(name) switch
    {
        BlobTier.Warm when _settings.WarmStorageClass.Length > 0 => new S3StorageClass(_settings.WarmStorageClass),
        BlobTier.Cold when _settings.ColdStorageClass.Length > 0 => new S3StorageClass(_settings.ColdStorageClass),
        _ => null,
    };

    private static BlobTier TierOf(string name) =>
        name.StartsWith("warm/", StringComparison.Ordinal) ? BlobTier.Warm : name.StartsWith("cold/", StringComparison.Ordinal) ? BlobTier.Cold : BlobTier.Hot;
}
