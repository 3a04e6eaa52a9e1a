using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>Single steps on a lease that was won.</summary>
internal static class Lease
{
    /// <summary>Gives a lease back that will not be filled: the next reader wins at once instead of after the lease's end. A stub goes away; a marked
    /// value stays, with a new right to win.</summary>
    public static async ValueTask GiveBackAsync(MemcachedServer server, byte[] key, ulong cas, bool marked)
    {
        try
        {
            await server.DeleteAsync(key, new MetaDelete { Cas = cas, MarkStale = marked }).ConfigureAwait(false);
        }
        catch (MemcachedException)
        {
            // It ends by itself.
        }
    }
}
