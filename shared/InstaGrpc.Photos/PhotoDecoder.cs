using System.Runtime.ExceptionServices;
using System.Text;
using InstaGrpc.Photos.Internal.Decoding;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.Photos;

/// <summary>
/// Decodes photos in child processes, so that a decoder which a photo crashes, blows up or sends astray costs that photo's request and nothing else. A
/// child that dies under a photo is replaced, and the photo tried once more on the new one; a photo under which both die is refused. One for which both
/// take too long is not: it may be this machine that is slow (the child's processor time has a limit of its own). HEIC has a child of its own, with a
/// libvips that reads it. Children are started when first needed, and kept.
/// </summary>
public sealed partial class PhotoDecoder : IDisposable
{
    private const int HeicChildren = 1;

    private static readonly RenderRequest _nothing = new(0, false, PhotoFormat.Unknown, 0);

    private readonly PhotoOptions _options;
    private readonly PhotoMetrics _metrics;
    private readonly ILogger<PhotoDecoder> _logger;
    private readonly DecoderChildren _usual;
    private readonly DecoderChildren _heic;
    private readonly string _program;

    /// <summary>Starts nothing yet.</summary>
    public PhotoDecoder(PhotoOptions options, PhotoMetrics metrics, ILogger<PhotoDecoder> logger)
    {
        (_options, _metrics, _logger) = (options, metrics, logger);
        _program = options.DecoderProgram ?? Path.Combine(AppContext.BaseDirectory, "insta");
        _usual = new DecoderChildren(LibvipsPath.Find(options), Math.Max(1, options.Decoders));
        _heic = new DecoderChildren(options.HeicLibvips, HeicChildren);
    }

    /// <summary>Process ids of the children that wait for work or do some.</summary>
    public IReadOnlyCollection<int> ProcessIds => [.. _usual.Alive.Keys, .. _heic.Alive.Keys];

    /// <summary>What the bytes are, after looking at all of them and decoding them once.</summary>
    /// <param name="open">Opens the photo at its start; called again for a second attempt.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PhotoRefusedException">They are no photo that is taken; the message says what is wrong.</exception>
    /// <exception cref="PhotoDecoderUnavailableException">No child process can be started here, or none has the time.</exception>
    public async ValueTask<PhotoFacts> InspectAsync(Func<Stream> open, int length, CancellationToken cancellation)
    {
        var answer = await AskAsync(DecoderFrame.Inspect, _nothing, open, length, cancellation).ConfigureAwait(false);
        try
        {
            return answer.Kept is var kept && kept > 0 && kept <= length
                ? new PhotoFacts(answer.Format, answer.Width, answer.Height, kept, DecoderFrame.ReadPatches(answer.Payload, kept))
                : throw new InvalidDataException($"{kept} of {length} bytes are to be kept");
        }
        catch (InvalidDataException e)
        {
            throw new PhotoRefusedException($"can't be decoded: the decoder answers what can't be ({e.Message})");
        }
    }

    /// <summary>Makes a photo smaller.</summary>
    /// <param name="request">How.</param>
    /// <param name="open">Opens the photo at its start; called again for a second attempt.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PhotoRefusedException">It can't be decoded.</exception>
    /// <exception cref="PhotoDecoderUnavailableException">No child process can be started here.</exception>
    public async ValueTask<RenderedPhoto> RenderAsync(RenderRequest request, Func<Stream> open, int length, CancellationToken cancellation)
    {
        var answer = await AskAsync(DecoderFrame.Render, request, open, length, cancellation).ConfigureAwait(false);
        return new RenderedPhoto(answer.Payload, answer.Width, answer.Height, answer.Quality);
    }

    /// <summary>The same, but the pixels: red, green, blue, row by row.</summary>
    /// <exception cref="PhotoRefusedException">It can't be decoded.</exception>
    /// <exception cref="PhotoDecoderUnavailableException">No child process can be started here.</exception>
    public async ValueTask<RenderedPhoto> PixelsAsync(RenderRequest request, Func<Stream> open, int length, CancellationToken cancellation)
    {
        var answer = await AskAsync(DecoderFrame.Pixels, request, open, length, cancellation).ConfigureAwait(false);
        return new RenderedPhoto(answer.Payload, answer.Width, answer.Height, answer.Quality);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _usual.Dispose();
        _heic.Dispose();
    }

    private async ValueTask<DecoderAnswer> AskAsync(byte kind, RenderRequest request, Func<Stream> open, int length, CancellationToken cancellation)
    {
        var children = await IsHeicAsync(request, open, cancellation).ConfigureAwait(false) ? _heic : _usual;
        _metrics.Waits();
        try
        {
            await children.Places.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            _metrics.WaitsNoMore();
            throw;
        }

        try
        {
            var frame = DecoderFrame.Request(kind, request, length, _options.MostPixels);
            var (answer, wasLate) = await TryAsync(children, frame, open, fresh: false, cancellation).ConfigureAwait(false);
            if (answer is null)
            {
                (answer, wasLate) = await TryAsync(children, frame, open, fresh: true, cancellation).ConfigureAwait(false);
            }

            if (answer is null)
            {
                throw wasLate
                    ? new PhotoDecoderUnavailableException($"a photo took longer than {_options.DecoderTime} twice (Insta:Photos:DecoderTime)", null)
                    : new PhotoRefusedException("can't be decoded: it takes more time or memory than a photo may, or crashes the decoder");
            }

            return answer.Refused ? throw new PhotoRefusedException(Encoding.UTF8.GetString(answer.Payload)) : answer;
        }
        finally
        {
            children.Places.Release();
            _metrics.WaitsNoMore();
        }
    }

    private static async ValueTask<bool> IsHeicAsync(RenderRequest request, Func<Stream> open, CancellationToken cancellation)
    {
        var head = new byte[PhotoFormats.HeadBytes];
        await using var photo = open();
        await photo.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        return request.Format == PhotoFormat.Heic || PhotoFormats.Detect(head) == PhotoFormat.Heic;
    }

    /// <summary>Null: the child died, or took too long.</summary>
    private async ValueTask<(DecoderAnswer? Answer, bool WasLate)> TryAsync(
        DecoderChildren children, byte[] frame, Func<Stream> open, bool fresh, CancellationToken cancellation)
    {
        // Before a child is asked: a photo that is not there any more is its caller's affair, and no child dies of it.
        await using var photo = open();
        // The second attempt gets a new child: one that waited could have been harmed by whatever killed the first.
        DecoderProcess? child = null;
        if (fresh || !children.Idle.TryPop(out child))
        {
            child = await StartAsync(children, cancellation).ConfigureAwait(false);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.DecoderTime);
        var done = false;
        try
        {
            var answer = await child.AskAsync(frame, photo, DecoderProcess.NewBuffer(), limit.Token).ConfigureAwait(false);
            done = true;
            return (answer, false);
        }
        catch (UnreadablePhotoException e)
        {
            ExceptionDispatchInfo.Throw(e.Reason);
            throw;
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            _metrics.DecoderLost();
            LogLost(child.Id, e is IOException ? e.Message : $"it took longer than {_options.DecoderTime}");
            return (null, e is not IOException);
        }
        finally
        {
            // One that was given up in the middle still has the rest of a request to read, or an answer that nobody asked for.
            children.GiveBack(child, done);
        }
    }

    private async ValueTask<DecoderProcess> StartAsync(DecoderChildren children, CancellationToken cancellation)
    {
        // Its place is taken while it starts: one that never answers would hold it for ever.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.DecoderTime);
        try
        {
            var child = await DecoderProcess.StartAsync(_program, children.Libvips, _options, limit.Token).ConfigureAwait(false);
            children.Alive[child.Id] = true;
            LogStarted(child.Id, child.Version);
            return child;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new PhotoDecoderUnavailableException(
                $"no photo can be decoded here: {_program} {DecoderChild.Command} with {children.Libvips} did not start within {_options.DecoderTime}", e);
        }
        catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
        {
            throw new PhotoDecoderUnavailableException(
                $"no photo can be decoded here: {_program} {DecoderChild.Command} with {children.Libvips}: {e.Message}", e);
        }
    }

    [LoggerMessage(2100, LogLevel.Debug, "Decoder {Process} started with libvips {Version}")]
    private partial void LogStarted(int process, string version);

    [LoggerMessage(2101, LogLevel.Warning, "Decoder {Process} was lost under a photo: {Reason}")]
    private partial void LogLost(int process, string reason);
}
