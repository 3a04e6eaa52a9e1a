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

    private static readonly ActivitySource _source = new(SourceName);

    /// <summary>Begins a refill's activity, if anybody listens. The mark of a sampled write has left its trace context beside the key.</summary>
    internal static async ValueTask<Activity?> BeginRefillAsync(WonLease lease)
    {
        if (!_source.HasListeners())
        {
            return null;
        }

        ActivityLink[] links = [];
        try
        {
            var place = lease.Entry;
            var left = await place.Server.GetAsync(
                KeyLayout.Trace(place.Runtime.Options.Prefix, lease.Key), new MetaGet { Return = MetaReturn.Value }).ConfigureAwait(false);
            if (left is { IsHit: true, Value.Length: > 0 and <= 64 }
                && ActivityContext.TryParse(Encoding.ASCII.GetString(left.Value), null, isRemote: true, out var write))
            {
                links = [new ActivityLink(write)];
            }
        }
        catch (MemcachedException)
        {
            // A trace without its link; the fence will say what is wrong with the server.
        }

        var activity = _source.StartActivity("cache refill", ActivityKind.Internal, default(ActivityContext), links: links);
        activity?.SetTag("insta.method", lease.Entry.Method.Method.Contract.FullName);
        activity?.SetTag("insta.node", lease.Entry.Method.Node.Name.Value);
        activity?.SetTag("insta.cache.won_over", lease.Over.ToString());
        return activity;
    }

    internal static void End(Activity? activity, FlightEnd end)
    {
        activity?.SetTag("insta.cache.lease", end.Result.ToString());
        if (end.Failure is { } failure)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
        }

        activity?.Dispose();
    }
}
