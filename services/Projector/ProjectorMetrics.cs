using System.Diagnostics;
using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Projector;

/// <summary>The meter <c>InstaGrpc.Projector</c>, every measurement with the tag <c>node</c>, and the source of its activities.</summary>
public sealed class ProjectorMetrics : IDisposable
{
    public const string MeterName = "InstaGrpc.Projector";

    private readonly Meter _meter;
    private readonly Counter<long> _batches;
    private readonly Counter<long> _records;
    private readonly Counter<long> _rebuilds;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _delay;
    private readonly Counter<long> _viral;

    public ProjectorMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _batches = _meter.CreateCounter<long>("insta.projector.batches", "{batch}", "Batches folded into derived rows.");
        _records = _meter.CreateCounter<long>("insta.projector.records", "{record}", "Records folded into derived rows.");
        _rebuilds = _meter.CreateCounter<long>("insta.projector.rebuilds", "{rebuild}", "Times that a node was derived anew after a gap.");
        _failures = _meter.CreateCounter<long>("insta.projector.failures", "{failure}", "Sessions that ended in an error.");
        _viral = _meter.CreateCounter<long>("insta.projector.viral", "{post}", "Posts that became viral, or calm again.");
        _delay = _meter.CreateHistogram<double>("insta.projector.delay", "s",
            "From PostgreSQL's commit time to the derived rows' commit, by two clocks.");
    }

    internal ActivitySource Activities { get; } = new(MeterName);

    public void Dispose()
    {
        _meter.Dispose();
        Activities.Dispose();
    }

    /// <summary>A batch serves many writes, so it is linked to them and the child of none. Null: nobody records.</summary>
    internal Activity? BeginBatch(NodeName node, string topic, int records, IEnumerable<ActivityLink> writes)
    {
        var batch = Activities.StartActivity($"project {topic}", ActivityKind.Consumer, default(ActivityContext), links: writes);
        batch?.SetTag("messaging.system", "kafka");
        batch?.SetTag("messaging.operation.name", "project");
        batch?.SetTag("messaging.operation.type", "process");
        batch?.SetTag("messaging.destination.name", topic);
        batch?.SetTag("messaging.batch.message_count", records);
        batch?.SetTag("insta.node", node.Value);
        return batch;
    }

    internal void Folded(NodeName node, int records, TimeSpan delay)
    {
        _batches.Add(1, Tag(node));
        _records.Add(records, Tag(node));
        _delay.Record(Math.Max(0, delay.TotalSeconds), Tag(node));
    }

    internal void Rebuilt(NodeName node) => _rebuilds.Add(1, Tag(node));

    internal void Turned(NodeName node, int viral, int calm)
    {
        if (viral > 0)
        {
            _viral.Add(viral, Tag(node), new("to", "viral"));
        }

        if (calm > 0)
        {
            _viral.Add(calm, Tag(node), new("to", "calm"));
        }
    }

    internal void Failed(NodeName node) => _failures.Add(1, Tag(node));

    private static KeyValuePair<string, object?> Tag(NodeName node) => new("node", node.Value);
}
