using System.Text;
using InstaGrpc.Memcached;

namespace InstaGrpc.Photos.Internal;

/// <summary>
/// Who makes a variant, of all processes that are asked for it: whoever wins the lease of its item (<c>&lt;prefix&gt;pv|name</c>). Nothing is kept there
/// but the lease: a variant never changes, so unlike a cached answer it needs no generation and nobody invalidates it. Without memcached, or when it is
/// away, everybody may: the variant is made twice then, with the same bytes.
/// </summary>
internal sealed class VariantLease(string prefix, MemcachedPool? pool)
{
    // As long as one photo may take; who dies before is followed by another.
    private const int Seconds = 30;

    /// <summary>True: the caller makes it, and calls <see cref="EndAsync"/>. False: somebody else is at it.</summary>
    public async ValueTask<bool> TryTakeAsync(string name, CancellationToken cancellation)
    {
        if (pool is null)
        {
            return true;
        }

        var key = Key(name);
        try
        {
            var reply = await pool.OwnerOf(key).GetAsync(key, MetaGet.Lease(Seconds), cancellation).ConfigureAwait(false);
            return reply.Won || !reply.IsHit;
        }
        catch (MemcachedException)
        {
            return true;
        }
    }

    public async ValueTask EndAsync(string name)
    {
        if (pool is null)
        {
            return;
        }

        var key = Key(name);
        try
        {
            await pool.OwnerOf(key).DeleteAsync(key).ConfigureAwait(false);
        }
        catch (MemcachedException)
        {
            // It ends by itself.
        }
    }

    private byte[] Key(string name) => Encoding.ASCII.GetBytes($"{prefix}pv|{name}");
}
