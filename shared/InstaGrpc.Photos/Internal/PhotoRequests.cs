using System.Globalization;
using Grpc.Core;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.MediaV1;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace InstaGrpc.Photos.Internal;

/// <summary>
/// A request for a photo. First whether it may be served: a cached read of the role that knows, invalidated as any other, so that a deleted photo is 410
/// as soon as its deletion has reached the caches. Then whether the client has it already: the ETag is made of hash and size, so this needs nobody. Only
/// then the store.
/// </summary>
internal sealed partial class PhotoRequests(
    MediaService.MediaServiceClient media, GraphService.GraphServiceClient graph, PhotoVariants variants, PhotoStore store, PhotoMetrics metrics,
    ILogger<PhotoRequests> logger)
{
    private const int TagDigits = 32;

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            var status = await RespondAsync(context).ConfigureAwait(false);
            if (!context.Response.HasStarted)
            {
                // With a body it has, and set late it would end the connection.
                context.Response.StatusCode = status;
            }

            metrics.Served(status);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits any more.
        }
        catch (Exception e) when (!context.Response.HasStarted
            && e is RpcException or PhotoDecoderUnavailableException or IOException or HttpRequestException or Amazon.Runtime.AmazonServiceException)
        {
            context.Response.Headers.Remove(HeaderNames.ETag);
            context.Response.ContentLength = null;
            LogFailed(e.Message);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "1";
            context.Response.Headers.CacheControl = "no-store";
            metrics.Served(StatusCodes.Status503ServiceUnavailable);
        }
    }

    private async ValueTask<int> RespondAsync(HttpContext context)
    {
        var route = context.Request.RouteValues;
        var id = long.Parse((string)route["id"]!, CultureInfo.InvariantCulture);
        var index = int.Parse((string)route["index"]!, CultureInfo.InvariantCulture);
        if (PhotoVariant.Find((string)route["variant"]!) is not { } variant || !BlobId.TryParse((string)route["hash"]!, out var blob))
        {
            return NotThere(context);
        }

        var state = variant == PhotoVariant.Avatar
            ? await OfUserAsync(id, index, blob, context.RequestAborted).ConfigureAwait(false)
            : await OfPostAsync(id, index, blob, context.RequestAborted).ConfigureAwait(false);
        if (state == StatusCodes.Status410Gone)
        {
            // Deleted is for good, but an edge that keeps this for long would keep it for every client's mistake too.
            context.Response.Headers.CacheControl = "public, max-age=60";
            return state;
        }

        if (state != StatusCodes.Status200OK)
        {
            return NotThere(context);
        }

        return variant.IsOriginal
            ? await OriginalAsync(context, blob, variant).ConfigureAwait(false)
            : await VariantAsync(context, blob, variant).ConfigureAwait(false);
    }

    private async ValueTask<int> OfPostAsync(long id, int index, BlobId blob, CancellationToken cancellation)
    {
        try
        {
            var found = await media.GetPhotosAsync(new GetPhotosRequest { MediaId = id }, cancellationToken: cancellation).ConfigureAwait(false);
            return found.Deleted ? StatusCodes.Status410Gone
                : index < found.Photos.Count && found.Photos[index].BlobId == blob.Hex ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return StatusCodes.Status404NotFound;
        }
    }

    private async ValueTask<int> OfUserAsync(long id, int index, BlobId blob, CancellationToken cancellation)
    {
        try
        {
            var found = await graph.GetAvatarAsync(new GetAvatarRequest { UserId = id }, cancellationToken: cancellation).ConfigureAwait(false);
            return found.Deleted ? StatusCodes.Status410Gone
                : index == 0 && found.BlobId == blob.Hex ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return StatusCodes.Status404NotFound;
        }
    }

    private async ValueTask<int> VariantAsync(HttpContext context, BlobId blob, PhotoVariant variant)
    {
        var format = TakesWebP(context.Request) ? PhotoFormat.WebP : PhotoFormat.Jpeg;
        var light = context.Request.Headers["Save-Data"] == "on";
        var tag = $"\"{blob.Hex.AsSpan(0, TagDigits)}-{PhotoVariants.NameOf(variant, format, light)}\"";
        context.Response.Headers.Vary = "Accept, Save-Data";
        Describe(context.Response, variant, tag);
        if (IsKnown(context.Request, tag))
        {
            return StatusCodes.Status304NotModified;
        }

        try
        {
            if (await variants.OpenAsync(blob, variant, format, light, context.RequestAborted).ConfigureAwait(false) is not { } content)
            {
                return NotThere(context);
            }

            await using (content.ConfigureAwait(false))
            {
                context.Response.ContentType = format.ContentType();
                context.Response.ContentLength = content.Length;
                if (!HttpMethods.IsHead(context.Request.Method))
                {
                    await content.Bytes.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
                }
            }

            return StatusCodes.Status200OK;
        }
        catch (PhotoRefusedException e)
        {
            // It was decoded when it was uploaded; with another libvips, or under other limits.
            LogUndecodable(blob, e.Message);
            return NotThere(context);
        }
    }

    private async ValueTask<int> OriginalAsync(HttpContext context, BlobId blob, PhotoVariant variant)
    {
        var tag = $"\"{blob.Hex.AsSpan(0, TagDigits)}\"";
        Describe(context.Response, variant, tag);
        context.Response.Headers.AcceptRanges = "bytes";
        if (IsKnown(context.Request, tag))
        {
            return StatusCodes.Status304NotModified;
        }

        if (await store.LengthAsync(blob, context.RequestAborted).ConfigureAwait(false) is not { } length)
        {
            return NotThere(context);
        }

        var range = ByteSlice.Of(context.Request, tag, length);
        if (range is { IsPossible: false })
        {
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
            return StatusCodes.Status416RangeNotSatisfiable;
        }

        var (from, count) = range is { } part ? (part.From, part.Count) : (0, length);
        if (await store.OpenAsync(blob, from, context.RequestAborted).ConfigureAwait(false) is not { } content)
        {
            return NotThere(context);
        }

        await using (content.ConfigureAwait(false))
        {
            if (range is not null)
            {
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + count - 1}/{length}");
            }

            await SendAsync(context, content.Bytes, from, count).ConfigureAwait(false);
        }

        return range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
    }

    /// <summary>Its type is that of its first bytes, whatever part of it is sent.</summary>
    private async ValueTask SendAsync(HttpContext context, Stream bytes, long from, long count)
    {
        var buffer = new byte[64 * 1024];
        var read = await bytes.ReadAtLeastAsync(buffer, (int)Math.Min(PhotoFormats.HeadBytes, count), throwOnEndOfStream: false, context.RequestAborted)
            .ConfigureAwait(false);
        context.Response.ContentType = (from == 0 ? PhotoFormats.Detect(buffer.AsSpan(0, read)) : PhotoFormat.Unknown).ContentType();
        context.Response.ContentLength = count;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        while (count > 0 && read > 0)
        {
            var part = (int)Math.Min(read, count);
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, part), context.RequestAborted).ConfigureAwait(false);
            count -= part;
            read = count > 0 ? await bytes.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false) : 0;
        }
    }

    private static void Describe(HttpResponse response, PhotoVariant variant, string tag)
    {
        response.Headers.ETag = tag;
        response.Headers.CacheControl = string.Create(
            CultureInfo.InvariantCulture, $"public, max-age={variant.MaxAge.TotalSeconds:0}, immutable, stale-while-revalidate=86400");
        // Whatever a browser might find in the bytes, it is an image.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'";
    }

    private static int NotThere(HttpContext context)
    {
        context.Response.Headers.Remove(HeaderNames.ETag);
        context.Response.Headers.CacheControl = "no-store";
        return StatusCodes.Status404NotFound;
    }

    private static bool TakesWebP(HttpRequest request)
    {
        foreach (var accept in request.Headers.Accept)
        {
            if (accept?.IndexOf("image/webp", StringComparison.OrdinalIgnoreCase) is { } at and >= 0)
            {
                var weight = accept.AsSpan(at + "image/webp".Length);
                var end = weight.IndexOf(',');
                return (end < 0 ? weight : weight[..end]).Trim() is not (";q=0" or ";q=0.0");
            }
        }

        return false;
    }

    private static bool IsKnown(HttpRequest request, string tag)
    {
        foreach (var known in request.Headers.IfNoneMatch)
        {
            if (known == tag || known == "*" || (known is not null && known.Contains(tag, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    [LoggerMessage(2103, LogLevel.Warning, "A photo can't be served at the moment: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(2104, LogLevel.Warning, "Photo {Blob} was taken and can't be decoded now: it {Reason}")]
    private partial void LogUndecodable(BlobId blob, string reason);
}
