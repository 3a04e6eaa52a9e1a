using InstaGrpc.Contracts.Positions;
using InstaGrpc.Postgres;
using InstaGrpc.Timelines;
using Npgsql;

namespace InstaGrpc.Services.Projector.Internal.Fanout;

/// <summary>
/// Stores how far jobs have come: while one statement is under way, what arrives waits for the next, so that many jobs share one. What is
/// stored here was acknowledged by every server; the directory's ring is asked after that and before the store, so that pages which were
/// placed by another ring than the one in force are repeated (today nothing writes a ring to the directory).
/// </summary>
internal sealed class ProgressWriter(NodePool pool, NodeName node, RingDirectory rings)
{
    private readonly Lock _gate = new();
    private List<Entry> _waiting = [];
    private bool _writing;

    /// <summary>Returns when it is stored.</summary>
    /// <param name="job">Whose progress it is.</param>
    /// <param name="progress">How far.</param>
    /// <param name="ring">Version of the ring that its pages were placed by; null: none was sent.</param>
    /// <param name="cancellation">Gives up waiting; it may be stored all the same.</param>
    /// <exception cref="FanoutInterruptedException">The ring has changed, or the job has begun again, or somebody else is
    /// further.</exception>
    public Task StoreAsync(FanoutJob job, FanoutProgress progress, int? ring, CancellationToken cancellation)
    {
        var entry = new Entry(job, progress, ring);
        lock (_gate)
        {
            _waiting.Add(entry);
            if (!_writing)
            {
                _writing = true;
                _ = Task.Run(() => WriteAllAsync(cancellation), CancellationToken.None);
            }
        }

        return entry.Done.Task.WaitAsync(cancellation);
    }

    private async Task WriteAllAsync(CancellationToken cancellation)
    {
        while (true)
        {
            List<Entry> batch;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _writing = false;
                    return;
                }

                batch = _waiting;
                _waiting = [];
            }

            try
            {
                var now = batch.Exists(static entry => entry.Ring is not null)
                    ? await rings.VersionAsync(cancellation).ConfigureAwait(false)
                    : null;
                var current = batch.FindAll(entry => entry.Ring is null || now is null || entry.Ring == now);
                var stored = await WriteAsync(current, cancellation).ConfigureAwait(false);
                foreach (var entry in batch)
                {
                    entry.Finish(
                        !current.Contains(entry) ? $"the ring in force is {now}, and a page was placed by ring {entry.Ring}"
                        : !stored.Contains(entry.Job.Number) ? "it has begun again, or another worker is further"
                        : null);
                }
            }
            catch (Exception e)
            {
                batch.ForEach(entry => entry.Done.TrySetException(e));
            }
        }
    }

    private async Task<HashSet<long>> WriteAsync(List<Entry> entries, CancellationToken cancellation)
    {
        var stored = new HashSet<long>();
        if (entries.Count == 0)
        {
            return stored;
        }

        // Of one job the furthest alone: an UPDATE takes one source row for each of its own.
        var last = entries.GroupBy(static entry => entry.Job.Number).Select(static same => same.Last()).OrderBy(static entry => entry.Job.Number).ToList();
        await using var connection = await pool.OpenAsync(node, cancellation).ConfigureAwait(false);
        await using var command = new NpgsqlCommand(FanoutSql.Progress, connection);
        Add(static entry => entry.Job.Author);
        Add(static entry => (short)entry.Job.Kind);
        Add(static entry => entry.Job.Subject);
        Add(static entry => entry.Job.Number);
        Add(static entry => (short)entry.Progress.Tier);
        Add(static entry => entry.Progress.Followers);
        Add(static entry => (short)entry.Progress.Pass);
        Add(static entry => entry.Progress.AfterFollower);
        Add(static entry => entry.Progress.Batches);
        Add(static entry => entry.Progress.Ended);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            stored.Add(reader.GetInt64(0));
        }

        return stored;

        void Add<T>(Func<Entry, T> column) => command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. last.Select(column)] });
    }

    private sealed class Entry(FanoutJob job, FanoutProgress progress, int? ring)
    {
        public FanoutJob Job => job;

        public FanoutProgress Progress => progress;

        public int? Ring => ring;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Finish(string? interrupted)
        {
            if (interrupted is null)
            {
                Done.TrySetResult();
            }
            else
            {
                Done.TrySetException(new FanoutInterruptedException(interrupted));
            }
        }
    }
}
