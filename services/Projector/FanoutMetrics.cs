using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.Ids;
using InstaGrpc.Contracts.Positions;
using InstaGrpc.Services.Projector.Internal.Fanout;
using InstaGrpc.Timelines;

namespace InstaGrpc.Services.Projector;

/// <summary>The meter <c>InstaGrpc.Fanout</c>, every measurement with the tag <c>node</c>. What waits is shown by the process that works for the
/// node.</summary>
internal sealed class FanoutMetrics : IDisposable
{
    public const string MeterName = "InstaGrpc.Fanout";

    private static readonly ActivitySource _source = new(MeterName);

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<NodeName, Waiting> _waiting = new();
    private readonly Counter<long> _jobs;
    private readonly Counter<long> _appends;
    private readonly Counter<long> _drops;
    private readonly Counter<long> _interruptions;
    private readonly Histogram<double> _delay;

    public FanoutMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _jobs = _meter.CreateCounter<long>("insta.fanout.jobs", "{job}", "Jobs that ended, by what was done.");
        _appends = _meter.CreateCounter<long>("insta.fanout.appends", "{timeline}", "Timelines that an entry was sent to, by whether they have it.");
        _drops = _meter.CreateCounter<long>("insta.fanout.drops", "{timeline}", "Timelines deleted after a follow or a block.");
        _interruptions = _meter.CreateCounter<long>("insta.fanout.interruptions", "{job}", "Times that a job had to begin again after its last page.");
        _delay = _meter.CreateHistogram<double>("insta.fanout.delay", "s", "From a post's job to the last follower's timeline, by two clocks.");
        _meter.CreateObservableGauge("insta.fanout.waiting", Each(static waiting => waiting.Jobs), "{job}", "Jobs that have not ended.");
        _meter.CreateObservableGauge("insta.fanout.waiting.drops", Each(static waiting => waiting.Drops), "{timeline}", "Timelines yet to be deleted.");
        _meter.CreateObservableGauge(
            "insta.fanout.oldest", Each(static waiting => waiting.Oldest.TotalSeconds), "s", "Age of the oldest that has not ended.");
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>A job outlives the batch that made it, and is linked to it. Null: that was not recorded.</summary>
    public Activity? BeginJob(NodeName node, FanoutJob job)
    {
        if (!ActivityContext.TryParse(job.Traceparent, null, isRemote: true, out var batch))
        {
            return null;
        }

        var span = _source.StartActivity("fan out", ActivityKind.Internal, default(ActivityContext), links: [new ActivityLink(batch)]);
        span?.SetTag("insta.node", node.Value);
        span?.SetTag("insta.shard", new InstaId(job.Author).Shard);
        span?.SetTag("insta.fanout.followers", job.Followers);
        return span;
    }

    public void Ended(NodeName node, FanoutTier tier, bool isNotice, TimeSpan delay)
    {
        var what = isNotice ? "notice" : tier switch
        {
            FanoutTier.Pull => "pull",
            FanoutTier.ActiveFirst => "active_first",
            _ => "push",
        };
        _jobs.Add(1, Tag(node), new("tier", what));
        if (!isNotice)
        {
            _delay.Record(Math.Max(0, delay.TotalSeconds), Tag(node));
        }
    }

    public void Interrupted(NodeName node) => _interruptions.Add(1, Tag(node));

    public void Appended(NodeName node, AppendCounts counts)
    {
        _appends.Add(counts.Stored, Tag(node), new("outcome", "stored"));
        _appends.Add(counts.Cut, Tag(node), new("outcome", "absent"));
    }

    public void Dropped(NodeName node, int timelines) => _drops.Add(timelines, Tag(node));

    public void Waits(NodeName node, long jobs, long drops, TimeSpan oldest) => _waiting[node] = new Waiting(jobs, drops, oldest);

    /// <summary>Another process works for the node.</summary>
    public void WaitsElsewhere(NodeName node) => _waiting.TryRemove(node, out _);

    private static KeyValuePair<string, object?> Tag(NodeName node) => new("node", node.Value);

    private Func<IEnumerable<Measurement<T>>> Each<T>(Func<Waiting, T> value)
        where T : struct => () => _waiting.Select(pair => new Measurement<T>(value(pair.Value), Tag(pair.Key)));

    private sealed record Waiting(long Jobs, long Drops, TimeSpan Oldest);
}
