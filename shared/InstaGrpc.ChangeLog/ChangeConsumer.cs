using System.Runtime.CompilerServices;
using System.Threading.Channels;
using InstaGrpc.ChangeLog.Internal;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;

namespace InstaGrpc.ChangeLog;

/// <summary>
/// Reads a node's changes in commit order. A record at or before the position is skipped; one whose predecessor is at or before the
/// position is next; anything else is a gap.
/// </summary>
public sealed partial class ChangeConsumer : IAsyncDisposable
{
    /// <summary>Batches that may wait for the reader: enough to overlap, few enough to keep memory flat.</summary>
    private const int ReadAhead = 4;

    private static readonly TimeSpan _retry = TimeSpan.FromMilliseconds(500);

    private readonly ChangeLogClient _client;
    private readonly ChangeStart _start;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopped = new();
    private Task _reading = Task.CompletedTask;
    private int _enumerated;
    private string? _unread = "no broker has answered yet";
    private volatile LogReader? _reader;

    internal ChangeConsumer(ChangeLogClient client, NodeName node, string name, ChangeStart start, ILogger logger)
    {
        _client = client;
        _start = start;
        _logger = logger;
        Node = node;
        Name = name;
    }

    public NodeName Node { get; }

    public string Name { get; }

    /// <summary>Why nothing can be read at the moment, in words for an operator; null: the log is being read, or its end waited at.</summary>
    public string? Unread => _reader is { } reader ? reader.Unread : Volatile.Read(ref _unread);

    /// <summary>
    /// Batches until cancelled or disposed; waits while there is nothing to read, and reconnects by itself. To be enumerated once. Asking
    /// for the next batch reports the one before as done to <see cref="IConsumerProgress"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Enumerated before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<ChangeBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _enumerated, 1) != 0)
        {
            throw new InvalidOperationException("A ChangeConsumer is enumerated once: open another one.");
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped.Token);
        var topic = _client.TopicOf(Node);
        using var mark = _client.Progress.Follow(topic, Name);
        if (_start.Position is { } position)
        {
            mark.Report(position);
        }

        await EnsureTopicAsync(ends.Token).ConfigureAwait(false);
        var channel = Channel.CreateBounded<ChangeBatch>(new BoundedChannelOptions(ReadAhead) { SingleReader = true, SingleWriter = true });
        var reader = new LogReader(_client.Options, topic, Name, _start, (batch, token) => Deliver(channel.Writer, batch, token), _logger);
        _reader = reader;
        _reading = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    reader.Run(ends.Token);
                    channel.Writer.TryComplete();
                }
                catch (Exception e)
                {
                    channel.Writer.TryComplete(e);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            while (await channel.Reader.WaitToReadAsync(ends.Token).ConfigureAwait(false))
            {
                while (channel.Reader.TryRead(out var batch))
                {
                    yield return batch;
                    mark.Report(batch.To);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            await ends.CancelAsync().ConfigureAwait(false);
            await _reading.ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    private static void Deliver(ChannelWriter<ChangeBatch> writer, ChangeBatch batch, CancellationToken cancellationToken)
    {
        // On the reader's own thread, which has nothing else to do: blocking it is the backpressure.
        if (!writer.TryWrite(batch))
        {
            writer.WriteAsync(batch, cancellationToken).AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Whoever comes first makes the topic; until a broker answers, there is nothing to read.</summary>
    private async Task EnsureTopicAsync(CancellationToken cancellationToken)
    {
        var warned = false;
        while (true)
        {
            try
            {
                await _client.EnsureTopicAsync(Node, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is ChangeLogException or TimeoutException)
            {
                Volatile.Write(ref _unread, e.Message);
                if (!warned)
                {
                    LogWaiting(_logger, Name, e.Message);
                    warned = true;
                }

                await Task.Delay(_retry, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    [LoggerMessage(1120, LogLevel.Warning, "{Consumer} waits for its topic: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string consumer, string reason);
}
