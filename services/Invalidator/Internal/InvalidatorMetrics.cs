using System.Diagnostics;
using System.Diagnostics.Metrics;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>Instruments of the meter <c>InstaGrpc.Invalidator</c>.</summary>
internal sealed class InvalidatorMetrics
{
    public const string MeterName = "InstaGrpc.Invalidator";

    private readonly Counter<long> _changes;
    private readonly Counter<long> _keys;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _generations;
    private readonly Counter<long> _interruptions;
    private readonly Histogram<double> _batch;

    public InvalidatorMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _changes = meter.CreateCounter<long>("insta.invalidator.changes", description: "Changes applied");
        _keys = meter.CreateCounter<long>("insta.invalidator.keys", description: "Keys marked or deleted");
        _refused = meter.CreateCounter<long>("insta.invalidator.refused_keys", description: "Keys that a server refused");
        _generations = meter.CreateCounter<long>("insta.invalidator.generations", description: "New generations");
        _interruptions = meter.CreateCounter<long>("insta.invalidator.interruptions", description: "Lost connections and watermarks");
        _batch = meter.CreateHistogram<double>("insta.invalidator.batch.duration", "s", "From the first write of a batch to its lo");
    }

    public void Applied(NodeName node, string server, int changes) => _changes.Add(changes, Tags(node, server));

    public void Marked(NodeName node, string server, int keys, TimeSpan duration)
    {
        _keys.Add(keys, Tags(node, server));
        _batch.Record(duration.TotalSeconds, Tags(node, server));
    }

    public void Refused(NodeName node, string server) => _refused.Add(1, Tags(node, server));

    public void Interrupted(NodeName node, string server) => _interruptions.Add(1, Tags(node, server));

    public void NewGeneration(NodeName node, string server, string reason)
    {
        var tags = Tags(node, server);
        tags.Add("reason", reason);
        _generations.Add(1, tags);
    }

    private static TagList Tags(NodeName node, string server) => new() { { "node", node.Value }, { "server", server } };
}
