using System.Collections.Concurrent;
using System.Diagnostics;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// The part of a recorded write between its commit and Kafka's acknowledgement: a span for each transaction, child of what wrote it, after
/// the semantic conventions of messaging. Its context goes into the records, so what their readers do for them comes below it.
/// </summary>
internal sealed class SendSpans(NodeName node, string topic) : IDisposable
{
    private static readonly ActivitySource _source = new(ChangesMetrics.MeterName);

    private readonly ConcurrentQueue<(Lsn End, Activity Span)> _sent = new();

    /// <summary>Begins the span of a transaction that is about to be sent; most have none.</summary>
    public void Begin(DecodedTransaction transaction)
    {
        if (transaction.Traceparent.Length == 0
            || !ActivityContext.TryParse(transaction.Traceparent, null, isRemote: true, out var write))
        {
            return;
        }

        var outer = Activity.Current;
        var span = _source.StartActivity($"send {topic}", ActivityKind.Producer, write);
        // It ends on another thread, and what goes on here is not done for this transaction alone.
        Activity.Current = outer;
        if (span is not { Id: { } traceparent })
        {
            return;
        }

        span.SetTag("messaging.system", "kafka");
        span.SetTag("messaging.operation.name", "send");
        span.SetTag("messaging.operation.type", "send");
        span.SetTag("messaging.destination.name", topic);
        span.SetTag("messaging.destination.partition.id", "0");
        span.SetTag("messaging.batch.message_count", Math.Max(1, transaction.Events.Count));
        span.SetTag("insta.node", node.Value);
        span.SetTag("insta.position", transaction.End.ToString());
        if (span.Recorded)
        {
            transaction.Traceparent = traceparent;
        }

        _sent.Enqueue((transaction.End, span));
    }

    /// <summary>Kafka has everything up to here. May be called on any thread, by one at a time.</summary>
    public void Acknowledged(Lsn end)
    {
        while (_sent.TryPeek(out var first) && first.End <= end && _sent.TryDequeue(out first))
        {
            first.Span.Dispose();
        }
    }

    /// <summary>What is not acknowledged is sent again by the next session, in a span of its own.</summary>
    public void Dispose()
    {
        while (_sent.TryDequeue(out var left))
        {
            left.Span.SetStatus(ActivityStatusCode.Error, "the session ended before Kafka had it");
            left.Span.Dispose();
        }
    }
}
