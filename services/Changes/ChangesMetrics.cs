using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes;

/// <summary>The meter <c>InstaGrpc.Changes</c>; every measurement carries the tag <c>node</c>.</summary>
public sealed class ChangesMetrics : IDisposable
{
    public const string MeterName = "InstaGrpc.Changes";

    private readonly Meter _meter;
    private readonly Counter<long> _transactions;
    private readonly Counter<long> _records;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _resets;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _heartbeats;
    private readonly Histogram<double> _delay;

    public ChangesMetrics(IMeterFactory meters, IEnumerable<PublisherStatus> publishers)
    {
        _meter = meters.Create(MeterName);
        _transactions = _meter.CreateCounter<long>("insta.changes.transactions", "{transaction}", "Transactions published.");
        _records = _meter.CreateCounter<long>("insta.changes.records", "{record}", "Records published.");
        _bytes = _meter.CreateCounter<long>("insta.changes.bytes", "By", "Bytes of records published.");
        _resets = _meter.CreateCounter<long>("insta.changes.resets", "{reset}", "Breaks of the stream that were told to its readers.");
        _failures = _meter.CreateCounter<long>("insta.changes.failures", "{failure}", "Sessions that ended in an error.");
        _heartbeats = _meter.CreateCounter<long>("insta.changes.heartbeats", "{heartbeat}", "Transactions without a published change.");
        _delay = _meter.CreateHistogram<double>(
            "insta.changes.publish.delay", "s", "From PostgreSQL's commit time to handing the transaction to Kafka, by two clocks.");
        var statuses = publishers.ToArray();
        _meter.CreateObservableGauge(
            "insta.changes.lag",
            () => statuses.Where(IsStreaming).Select(status => new Measurement<long>(
                Math.Max(0, (long)(status.Received.Value - Math.Min(status.Received.Value, status.Published.Lsn.Value))),
                    Tag(status.Node))),
            "By",
            "WAL that PostgreSQL has sent and that is not published yet.");
        _meter.CreateObservableGauge(
            "insta.changes.streaming",
            () => statuses.Select(status => new Measurement<int>(IsStreaming(status) ? 1 : 0, Tag(status.Node))),
            "1",
            "1 where this process publishes the node's changes.");
        _meter.CreateObservableGauge(
            "insta.changes.slot",
            () => statuses.Where(static status => status.Kept is not null).Select(status => new Measurement<long>(status.Kept!.Value, Tag(status.Node))),
            "By",
            "WAL that the node's slot makes PostgreSQL keep.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Published(NodeName node, int records, long bytes, bool heartbeat)
    {
        var tag = Tag(node);
        _transactions.Add(1, tag);
        _records.Add(records, tag);
        _bytes.Add(bytes, tag);
        if (heartbeat)
        {
            _heartbeats.Add(1, tag);
        }
    }

    internal void Delayed(NodeName node, TimeSpan delay) => _delay.Record(Math.Max(0, delay.TotalSeconds), Tag(node));

    internal void Reset(NodeName node) => _resets.Add(1, Tag(node));

    internal void Failed(NodeName node) => _failures.Add(1, Tag(node));

    private static bool IsStreaming(PublisherStatus status) => status.State == PublisherState.Streaming;

    private static KeyValuePair<string, object?> Tag(NodeName node) => new("node", node.Value);
}
