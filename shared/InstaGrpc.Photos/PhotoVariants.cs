using System.Collections.Concurrent;
using InstaGrpc.Photos.Internal;

namespace InstaGrpc.Photos;

/// <summary>
/// Variants, made when they are first asked for and kept in the store from then on. Those who ask this process for one that is being made wait for it;
/// of several processes one makes it (<see cref="VariantLease"/>), and the others look into the store until it is there.
/// </summary>
public sealed class PhotoVariants
{
    private const int UsualQuality = 80;
    private const int LightQuality = 55;
    private static readonly TimeSpan _firstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longestLook = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, Lazy<Task>> _making = new();
    private readonly PhotoStore _store;
    private readonly PhotoSpool _spool;
    private readonly PhotoDecoder _decoder;
    private readonly VariantLease _lease;
    private readonly PhotoOptions _options;
    private readonly PhotoMetrics _metrics;
    private readonly TimeProvider _time;

    internal PhotoVariants(
        PhotoStore store, PhotoSpool spool, PhotoDecoder decoder, VariantLease lease, PhotoOptions options, PhotoMetrics metrics, TimeProvider time)
    {
        (_store, _spool, _decoder, _lease) = (store, spool, decoder, lease);
        (_options, _metrics, _time) = (options, metrics, time);
    }

    /// <summary>What a variant is called in the store, and in its ETag.</summary>
    /// <param name="variant">The size.</param>
    /// <param name="format">JPEG or WebP.</param>
    /// <param name="light">Of lower quality, for who asked to save data.</param>
    public static string NameOf(PhotoVariant variant, PhotoFormat format, bool light) => $"{variant.Name}{(light ? "-light" : "")}.{format.Extension()}";

    /// <summary>Opens a variant, made if need be; null: the photo is not in the store.</summary>
    /// <exception cref="PhotoRefusedException">It can't be decoded.</exception>
    /// <exception cref="PhotoDecoderUnavailableException">No photo can be decoded here.</exception>
    public async ValueTask<BlobContent?> OpenAsync(BlobId blob, PhotoVariant variant, PhotoFormat format, bool light, CancellationToken cancellation)
    {
        var name = NameOf(variant, format, light);
        while (true)
        {
            if (await _store.OpenVariantAsync(blob, name, cancellation).ConfigureAwait(false) is { } content)
            {
                return content;
            }

            var key = $"{blob.Hex}/{name}";
            // Not the asker's own cancellation: others wait for the same one, and who asked first may leave.
            var flight = new Lazy<Task>(() => MakeAsync(blob, variant, format, light));
            flight = _making.GetOrAdd(key, flight);
            try
            {
                await flight.Value.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (FileNotFoundException)
            {
                // Gone; or it went to another tier between the look and the read.
                if (await _store.LengthAsync(blob, cancellation).ConfigureAwait(false) is null)
                {
                    return null;
                }
            }
            finally
            {
                if (flight.Value.IsCompleted)
                {
                    _making.TryRemove(new KeyValuePair<string, Lazy<Task>>(key, flight));
                }
            }
        }
    }

    private async Task MakeAsync(BlobId blob, PhotoVariant variant, PhotoFormat format, bool light)
    {
        await Task.Yield();
        var name = NameOf(variant, format, light);
        var pause = _firstLook;
        var begun = _time.GetTimestamp();
        while (!await _lease.TryTakeAsync($"{blob.Hex}/{name}", CancellationToken.None).ConfigureAwait(false))
        {
            await Task.Delay(pause, _time).ConfigureAwait(false);
            if (await _store.HasVariantAsync(blob, name, CancellationToken.None).ConfigureAwait(false))
            {
                return;
            }

            if (_time.GetElapsedTime(begun) > 2 * _options.DecoderTime)
            {
                break;
            }

            pause = pause * 2 < _longestLook ? pause * 2 : _longestLook;
        }

        try
        {
            // Whoever had the lease before may have ended between the look into the store and this one's win.
            if (!await _store.HasVariantAsync(blob, name, CancellationToken.None).ConfigureAwait(false))
            {
                await RenderAsync(blob, variant, format, light, name).ConfigureAwait(false);
            }
        }
        finally
        {
            await _lease.EndAsync($"{blob.Hex}/{name}").ConfigureAwait(false);
        }
    }

    private async Task RenderAsync(BlobId blob, PhotoVariant variant, PhotoFormat format, bool light, string name)
    {
        // On this machine first: the decoder may need it twice, and a bucket is far.
        var (original, isCopy) = await LocalAsync(blob).ConfigureAwait(false);
        var made = _spool.NewFile();
        try
        {
            var request = new RenderRequest(variant.Width, variant.IsSquare, format, light ? LightQuality : UsualQuality) { Budget = _options.VariantBudget };
            var photo = await _decoder.RenderAsync(
                request, () => Read(original), checked((int)new FileInfo(original).Length), CancellationToken.None).ConfigureAwait(false);
            await File.WriteAllBytesAsync(made, photo.Bytes).ConfigureAwait(false);
            await _store.PutVariantAsync(blob, name, made, format, CancellationToken.None).ConfigureAwait(false);
            _metrics.VariantMade(variant.Name);
        }
        finally
        {
            File.Delete(made);
            if (isCopy)
            {
                File.Delete(original);
            }
        }
    }

    private async Task<(string Path, bool IsCopy)> LocalAsync(BlobId blob)
    {
        await using var content = await _store.OpenAsync(blob, 0, CancellationToken.None).ConfigureAwait(false)
            ?? throw new FileNotFoundException($"blob {blob} is not in the store");
        if (content.Path is { } path)
        {
            return (path, false);
        }

        var file = _spool.NewFile();
        await using var copy = File.Create(file);
        await content.Bytes.CopyToAsync(copy).ConfigureAwait(false);
        return (file, true);
    }

    private static FileStream Read(string path) =>
        new(path, new FileStreamOptions { BufferSize = 0, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous });
}
