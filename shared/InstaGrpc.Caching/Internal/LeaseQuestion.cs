using InstaGrpc.Memcached;

namespace InstaGrpc.Caching.Internal;

/// <summary>The <c>mg</c> of a read: value, CAS, lease, and now and then the right to refresh early.</summary>
internal static class LeaseQuestion
{
    private const int LongestEarlySeconds = 30;

    /// <summary>Jittered, so that callers do not all become eligible in the same second of an entry's life.</summary>
    public static MetaGet Of(EntryPlace place)
    {
        var early = Math.Min(LongestEarlySeconds, (int)(place.Settings.Ttl.TotalSeconds / 10));
        return new MetaGet
        {
            LeaseSeconds = place.Method.LeaseSeconds,
            RefreshBelowSeconds = early > 1 ? Random.Shared.Next(1, early + 1) : null,
        };
    }
}
