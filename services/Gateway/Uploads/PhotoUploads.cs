using System.Globalization;
using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Mesh;
using InstaGrpc.Mesh.GrpcWeb;
using InstaGrpc.Postgres;
using InstaGrpc.Services.Gateway.Sessions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace InstaGrpc.Services.Gateway.Uploads;

/// <summary>
/// Uploads as a browser can do them: a PUT to a URL that AppService gave. The bytes go on to the role <c>media</c> as they come, so that an upload
/// needs as much memory here as one chunk.
/// </summary>
internal sealed class PhotoUploads(
    GatewayKeys keys, GatewayOptions options, IOptions<GrpcWebOptions> web, TimeProvider time, MediaService.MediaServiceClient media)
{
    public const string Path = "/upload/";

    private const int Chunk = 64 * 1024;

    private readonly CrossOrigin _origins = new(web.Value);

    /// <summary>Where a user may PUT a photo of this length.</summary>
    /// <exception cref="InvalidFieldException">It is too long, or empty.</exception>
    public async ValueTask<UploadUrlResponse> UrlAsync(long user, long length, CancellationToken cancellation)
    {
        if (length <= 0 || length > options.LargestUpload)
        {
            throw new InvalidFieldException("length", string.Create(
                CultureInfo.InvariantCulture, $"must be 1 to {options.LargestUpload} bytes"));
        }

        var expires = (time.GetUtcNow() + options.UploadUrlLifetime).ToUnixTimeSeconds();
        var secret = (await keys.GetAsync(cancellation).ConfigureAwait(false)).Secret;
        return new UploadUrlResponse
        {
            Url = options.PublicUrl.TrimEnd('/') + Path + new UploadTicket(user, length, expires).Write(secret),
            ExpiresInSeconds = (uint)options.UploadUrlLifetime.TotalSeconds,
        };
    }

    /// <summary>The PUT, or its preflight.</summary>
    public async Task ReceiveAsync(HttpContext http)
    {
        if (_origins.Preflight(http, "PUT") is { } preflight)
        {
            await preflight.ConfigureAwait(false);
            return;
        }

        _origins.Allows(http);
        byte[] secret;
        try
        {
            secret = (await keys.GetAsync(http.RequestAborted).ConfigureAwait(false)).Secret;
        }
        catch (NodeUnavailableException)
        {
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "uploads can't be taken at the moment").ConfigureAwait(false);
            return;
        }

        if (!UploadTicket.TryRead((string?)http.Request.RouteValues["ticket"] ?? "", secret, out var ticket))
        {
            await AnswerAsync(http, StatusCodes.Status403Forbidden, "this is no URL that UploadUrl gave").ConfigureAwait(false);
        }
        else if (ticket.Expires < time.GetUtcNow().ToUnixTimeSeconds())
        {
            await AnswerAsync(http, StatusCodes.Status403Forbidden, "the URL has expired: get a new one with UploadUrl").ConfigureAwait(false);
        }
        else if (http.Request.ContentLength != ticket.Length)
        {
            var wrong = http.Request.ContentLength is null ? StatusCodes.Status411LengthRequired : StatusCodes.Status400BadRequest;
            await AnswerAsync(http, wrong, $"the photo must have the {ticket.Length} bytes that the URL was given for").ConfigureAwait(false);
        }
        else
        {
            await PassOnAsync(http, ticket).ConfigureAwait(false);
        }
    }

    private async Task PassOnAsync(HttpContext http, UploadTicket ticket)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = ticket.Length;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(options.UploadLimit);
        try
        {
            using var call = media.Upload(new CallOptions(cancellationToken: limit.Token).OnBehalfOf(ticket.User));
            await SendAsync(http, call, limit.Token).ConfigureAwait(false);
            var answer = await call.ResponseAsync.ConfigureAwait(false);
            http.Response.StatusCode = StatusCodes.Status201Created;
            await http.Response.WriteAsJsonAsync(new { blobId = answer.BlobId }, http.RequestAborted).ConfigureAwait(false);
        }
        catch (RpcException e) when (!http.RequestAborted.IsCancellationRequested)
        {
            if (e.Trailers.GetValue(Contracts.MetadataNames.RetryPushback) is { } pause && int.TryParse(pause, out var ms))
            {
                http.Response.Headers.RetryAfter = ((ms + 999) / 1000).ToString(CultureInfo.InvariantCulture);
            }

            await AnswerAsync(http, StatusOf(e.StatusCode), e.Status.Detail).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            await AnswerAsync(http, StatusCodes.Status408RequestTimeout, "the upload took too long").ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // Whoever sent it has gone; the role media has been told so by the cancelled call.
        }
    }

    /// <summary>Passes the body on, until it ends or the call has an answer already.</summary>
    private static async Task SendAsync(
        HttpContext http, AsyncClientStreamingCall<UploadRequest, UploadResponse> call, CancellationToken cancellation)
    {
        var (body, to) = (http.Request.BodyReader, call.RequestStream);
        var ended = Task.WhenAny(call.ResponseAsync, Task.Delay(Timeout.Infinite, cancellation));
        while (true)
        {
            var read = await ReadAsync(body, ended).ConfigureAwait(false);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.End);
                cancellation.ThrowIfCancellationRequested();
                return;
            }

            var left = read.Buffer;
            try
            {
                while (left.Length >= Chunk || (read.IsCompleted && left.Length > 0))
                {
                    var chunk = left.Slice(0, Math.Min(left.Length, Chunk));
                    var request = new UploadRequest { Chunk = ByteString.CopyFrom(System.Buffers.BuffersExtensions.ToArray(chunk)) };
                    await to.WriteAsync(request, cancellation).ConfigureAwait(false);
                    left = left.Slice(chunk.End);
                }
            }
            catch (Exception e)
            {
                body.AdvanceTo(read.Buffer.End);
                if (e is InvalidOperationException or RpcException && !cancellation.IsCancellationRequested)
                {
                    // The call has ended already: its answer says why.
                    return;
                }

                throw;
            }

            body.AdvanceTo(left.Start, left.End);
            if (read.IsCompleted)
            {
                await to.CompleteAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    // Not by a token, after which the server could not read what is left of the body: it would count as being read for ever.
    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, Task ended)
    {
        var reading = body.ReadAsync(CancellationToken.None);
        if (reading.IsCompleted)
        {
            return await reading.ConfigureAwait(false);
        }

        var read = reading.AsTask();
        if (await Task.WhenAny(read, ended).ConfigureAwait(false) != read)
        {
            body.CancelPendingRead();
        }

        return await read.ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(new { message }, http.RequestAborted).ConfigureAwait(false);
    }

    private static int StatusOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };
}
