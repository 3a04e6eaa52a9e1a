using System.Diagnostics;
using System.Text;
using InstaGrpc.Caching.Internal;
using InstaGrpc.Caching.Keys;
using InstaGrpc.Memcached;

namespace InstaGrpc.Caching;

/// <summary>Traces of refills. One refill may serve many writes, so it is linked to the write that it could learn of instead of being its child.</summary>
public static class CacheTracing
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "InstaGrpc.Caching";

    /// <summary>Of one batch: those who follow traces want some of its causes, not all.</summary>
    private const int MostLinks = 32;

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>
    /// The sampled writes whose marks made a refill necessary: each has left its trace context beside the key. None if nobody listens. Of its own, because an
    /// activity that an awaited method begins is not its caller's current one.
    /// </summary>
    internal static async ValueTask<ActivityContext[]> CausesAsync(IReadOnlyList<WonLease> leases)
    {
        if (!_source.HasListeners())
        {
            return [];
        }

        // All at once: those of one server go out together.
        var causes = await Task.WhenAll(leases.Take(MostLinks).Select(CauseAsync)).ConfigureAwait(false);
        return [.. causes.OfType<ActivityContext>().Distinct()];
    }

    /// <summary>Begins a refill's activity, which is current from here on; null: nobody listens.</summary>
    /// <param name="leases">Of one method on one node; at least one.</param>
    /// <param name="causes">What it is linked to.</param>
    internal static Activity? BeginRefill(IReadOnlyList<WonLease> leases, ActivityContext[] causes)
    {
        var reader = Activity.Current;
        if (causes.Length > 0 && reader is { Recorded: false })
        {
            // A reader whose own trace is not kept: the refill of a recorded write is then a trace of its own.
            Activity.Current = null;
        }

        var activity = _source.StartActivity(
            "cache refill", ActivityKind.Internal, default(ActivityContext), links: causes.Select(static cause => new ActivityLink(cause)));
        if (activity is null)
        {
            Activity.Current = reader;
            return null;
        }

        activity.SetTag("insta.method", leases[0].Entry.Method.Method.Contract.FullName);
        activity.SetTag("insta.node", leases[0].Entry.Method.Node.Name.Value);
        activity.SetTag("insta.cache.won_over", string.Join(',', leases.Select(static lease => lease.Over).Distinct()));
        activity.SetTag("insta.cache.leases", leases.Count);
        return activity;
    }

    /// <summary>Ends it with what became of its leases.</summary>
    internal static void End(Activity? activity, params IEnumerable<FlightEnd> ends)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("insta.cache.lease", string.Join(',', ends.Select(static end => end.Result).Distinct()));
        if (ends.Select(static end => end.Failure).FirstOrDefault(static failure => failure is not null) is { } failure)
        {
            activity.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
        }

        activity.Dispose();
    }

    private static async Task<ActivityContext?> CauseAsync(WonLease lease)
    {
        try
        {
            var place = lease.Entry;
            var left = await place.Server.GetAsync(
                KeyLayout.Trace(place.Runtime.Options.Prefix, lease.Key), new MetaGet { Return = MetaReturn.Value }).ConfigureAwait(false);
            return left is { IsHit: true, Value.Length: > 0 and <= 64 }
                && ActivityContext.TryParse(Encoding.ASCII.GetString(left.Value), null, isRemote: true, out var write)
                ? write
                : null;
        }
        catch (MemcachedException)
        {
            // A trace without its link; the fence will say what is wrong with the server.
            return null;
        }
    }
}
