using InstaGrpc.Contracts.Positions;

namespace InstaGrpc.ChangeLog;

/// <summary>The consumers of this process. Thread-safe; one a process, shared by publisher and consumers.</summary>
public sealed class ConsumerProgress(TimeProvider time) : IConsumerProgress
{
    private readonly Dictionary<string, List<Mark>> _marks = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IConsumerMark Follow(string topic, string consumer)
    {
        var mark = new Mark(this, topic, consumer, time.GetTimestamp());
        lock (_lock)
        {
            if (!_marks.TryGetValue(topic, out var marks))
            {
                _marks[topic] = marks = [];
            }

            marks.Add(mark);
        }

        return mark;
    }

    public ReplayPosition? Slowest(string topic, TimeSpan patience)
    {
        lock (_lock)
        {
            return SlowestLocked(topic, patience);
        }
    }

    public async Task WaitAsync(string topic, ReplayPosition position, TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task moved;
            lock (_lock)
            {
                if (SlowestLocked(topic, patience) is not { } slowest || slowest >= position)
                {
                    return;
                }

                moved = _moved.Task;
            }

            // The time limit is there for a consumer that stands still: it stops to count without moving.
            try
            {
                await moved.WaitAsync(TimeSpan.FromMilliseconds(100), time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
            }
        }
    }

    private ReplayPosition? SlowestLocked(string topic, TimeSpan patience)
    {
        ReplayPosition? slowest = null;
        if (_marks.TryGetValue(topic, out var marks))
        {
            foreach (var mark in marks)
            {
                if (time.GetElapsedTime(mark.MovedAt) < patience && (slowest is null || mark.Position < slowest))
                {
                    slowest = mark.Position;
                }
            }
        }

        return slowest;
    }

    private void Signal()
    {
        var moved = _moved;
        _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        moved.TrySetResult();
    }

    private sealed class Mark(ConsumerProgress owner, string topic, string consumer, long startedAt) : IConsumerMark
    {
        public ReplayPosition Position { get; private set; }

        public long MovedAt { get; private set; } = startedAt;

        public void Report(ReplayPosition position)
        {
            lock (owner._lock)
            {
                Position = position;
                MovedAt = owner.Now;
                owner.Signal();
            }
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                if (owner._marks.TryGetValue(topic, out var marks) && marks.Remove(this))
                {
                    owner.Signal();
                }
            }
        }

        public override string ToString() => $"{consumer} of {topic} at {Position}";
    }

    private long Now => time.GetTimestamp();
}
