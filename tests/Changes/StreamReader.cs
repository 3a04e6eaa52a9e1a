using InstaGrpc.ChangeLog;
using InstaGrpc.Contracts.ChangesV1;
using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>Reads a node's topic and checks that it has no hole that was not announced.</summary>
internal sealed class StreamReader : IAsyncDisposable
{
    private readonly ChangeConsumer _consumer;
    private readonly CancellationTokenSource _stop;
    private readonly IAsyncEnumerator<ChangeBatch> _batches;

    public StreamReader(ChangeConsumer consumer, CancellationToken limit)
    {
        _consumer = consumer;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(limit);
        _batches = consumer.ReadAsync(_stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    public List<RowChange> Changes { get; } = [];

    public List<Gap> Gaps { get; } = [];

    public ReplayPosition Position { get; private set; }

    public long Offset { get; private set; }

    /// <summary>Changes that are no heartbeats.</summary>
    public IEnumerable<RowChange> Events => Changes.Where(change => change.EventCase != RowChange.EventOneofCase.Heartbeat);

    public IEnumerable<Row> Rows => Changes.Where(change => change.Row is not null).Select(change => change.Row);

    public async Task NextAsync()
    {
        Assert.True(await _batches.MoveNextAsync());
        var batch = _batches.Current;
        if (batch.Gap is { } gap)
        {
            Gaps.Add(gap);
            Position = gap.ResumeFrom;
        }
        else
        {
            if (Changes.Count + Gaps.Count > 0)
            {
                Assert.Equal(Position, batch.From);
            }

            Changes.AddRange(batch.Changes.Select(logged => logged.Change));
            Position = batch.To;
        }

        Offset = batch.Offset;
    }

    public async Task ReachAsync(ReplayPosition position)
    {
        while (Position < position)
        {
            await NextAsync();
        }
    }

    /// <summary>Reads while something else goes on, and no more afterwards.</summary>
    public async Task ReadWhileAsync(Task other)
    {
        while (true)
        {
            var next = NextAsync();
            if (await Task.WhenAny(next, other) == other)
            {
                await _stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                {
                    await next;
                    while (true)
                    {
                        await NextAsync();
                    }
                });
                await other;
                return;
            }

            await next;
        }
    }

    public async Task<RowChange> FindAsync(Func<RowChange, bool> wanted)
    {
        while (true)
        {
            if (Changes.FirstOrDefault(wanted) is { } found)
            {
                return found;
            }

            await NextAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _batches.DisposeAsync();
        await _consumer.DisposeAsync();
        _stop.Dispose();
    }
}
