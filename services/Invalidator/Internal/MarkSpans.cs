using System.Diagnostics;
using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Invalidator.Internal;

/// <summary>
/// The end of a recorded write's path: a span for each server on which its keys were marked, below the one that sent its records. For one
/// pipeline at a time.
/// </summary>
/// <remarks>A pipeline serves many writes at once, so each gets a span over all of it, made when it is over.</remarks>
internal sealed class MarkSpans(LineageContext lineage, string server)
{
    /// <summary>Of one pipeline: those who follow traces want some of them, not all.</summary>
    private const int Most = 64;

    private static readonly ActivitySource _source = new(InvalidatorMetrics.MeterName);

    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly string _topic = lineage.Log.TopicOf(lineage.Node);

    public void Clear() => _keys.Clear();

    /// <summary>A key was added to the pipeline.</summary>
    public void Add(string traceparent)
    {
        if (traceparent.Length > 0 && (_keys.Count < Most || _keys.ContainsKey(traceparent)))
        {
            _keys[traceparent] = _keys.GetValueOrDefault(traceparent) + 1;
        }
    }

    /// <summary>The pipeline is over: its keys are marked, and the watermark says so.</summary>
    public void Marked(DateTimeOffset begun, DateTimeOffset ended, LoggedChange last)
    {
        if (_keys.Count == 0)
        {
            return;
        }

        var (host, port) = Address();
        foreach (var (traceparent, keys) in _keys)
        {
            if (!ActivityContext.TryParse(traceparent, null, isRemote: true, out var send))
            {
                continue;
            }

            using var span = _source.StartActivity($"mark {_topic}", ActivityKind.Consumer, send, startTime: begun);
            span?.SetTag("messaging.system", "kafka");
            span?.SetTag("messaging.operation.name", "mark");
            span?.SetTag("messaging.operation.type", "process");
            span?.SetTag("messaging.destination.name", _topic);
            span?.SetTag("messaging.kafka.offset", last.Offset);
            span?.SetTag("server.address", host);
            span?.SetTag("server.port", port);
            span?.SetTag("insta.node", lineage.Node.Value);
            span?.SetTag("insta.region", lineage.Region);
            span?.SetTag("insta.position", last.End.ToString());
            span?.SetTag("insta.keys", keys);
            span?.SetEndTime(ended.UtcDateTime);
        }
    }

    private (string Host, int? Port) Address() =>
        server.LastIndexOf(':') is > 0 and var colon && int.TryParse(server.AsSpan(colon + 1), out var port)
            ? (server[..colon], port)
            : (server, null);
}
