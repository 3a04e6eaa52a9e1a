using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Internal;

/// <summary>
/// Keeps the publisher of the embedded broker, which drops what is older than about 5 MB without a word, within reach of the consumers of
/// its process. Does nothing on a real Kafka.
/// </summary>
internal sealed class ConsumerThrottle(ChangeLogClient log, string topic, ChangesOptions options)
{
    private readonly Queue<(ReplayPosition End, int Bytes)> _ahead = new();
    private long _bytes;

    /// <summary>To be called after each record; waits if the lead got too large.</summary>
    public ValueTask AddAsync(ReplayPosition end, int bytes, CancellationToken cancellationToken)
    {
        if (!log.Options.Embedded)
        {
            return ValueTask.CompletedTask;
        }

        _ahead.Enqueue((end, bytes));
        _bytes += bytes;
        return _bytes <= options.EmbeddedLead ? ValueTask.CompletedTask : WaitAsync(cancellationToken);
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        Forget(log.Progress.Slowest(topic, options.ConsumerPatience));
        while (_bytes > options.EmbeddedLead)
        {
            // The oldest record that must be done with before the lead is small enough again.
            var (end, _) = _ahead.Peek();
            await log.Progress.WaitAsync(topic, end, options.ConsumerPatience, cancellationToken).ConfigureAwait(false);
            Forget(log.Progress.Slowest(topic, options.ConsumerPatience));
        }
    }

    private void Forget(ReplayPosition? slowest)
    {
        while (_ahead.TryPeek(out var oldest) && (slowest is null || oldest.End <= slowest))
        {
            _bytes -= oldest.Bytes;
            _ahead.Dequeue();
        }
    }
}
